/**
 * Text from outside, fit for a line of output: it cannot begin another line, move a terminal's cursor, turn the direction
 * of writing, or look like the mark at which ZoneMinder's event server splits a hook's line. Other text stays as it is.
 */

/** Controls (C0, C1), marks of direction, line and paragraph separators, the byte order mark. */
const unsafe = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/gu;

export function plainLine(text: string): string {
  return text.replace(unsafe, escaped).replaceAll('--SPLIT', '--[SPLIT]');
}

/** For text that may have several lines, such as a stack trace: line breaks stay. */
export function plainLines(text: string): string {
  return text.split('\n').map(plainLine).join('\n');
}

function escaped(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
