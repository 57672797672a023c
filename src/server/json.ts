/** JSON text to values. What is wrong with it is told in the words and at the place of Python's parser (contract 2.1). */

import { limits } from '../limits.js';

/** `message` quotes no part of the text. */
export class JsonFault extends Error {
  override readonly name = 'JsonFault';
  /** In characters (code points) from the start of the text. */
  readonly offset: number;

  constructor(message: string, text: string, index: number) {
    super(message);
    this.offset = codePoints(text, index);
  }
}

function codePoints(text: string, end: number): number {
  let count = 0;
  for (let at = 0; at < end; at++) {
    // The second half of a pair is counted with the first.
    if ((text.charCodeAt(at) & 0xfc00) !== 0xdc00) count += 1;
  }
  return count;
}

/** Throws JsonFault. */
export function parseJson(text: string): unknown {
  refuseExcess(text);
  try {
    return JSON.parse(text);
  } catch {
    // V8's message quotes the text and often has no position.
    throw new FaultFinder(text).find();
  }
}

/**
 * One pass before anything is built: whoever walks through the value may recurse as deep as it goes, and a text costs
 * memory and time by its values, not by its bytes.
 */
function refuseExcess(text: string): void {
  const [mostLevels, mostValues] = [limits.jsonDepth.value, limits.jsonValues.value];
  let depth = 0;
  let values = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case 0x22: // a string
        at = endOfString(text, at);
        break;
      case 0x5b: // [
      case 0x7b: // {
        depth += 1;
        values += 1;
        if (depth > mostLevels) throw new JsonFault(`Nested deeper than ${mostLevels} levels`, text, at);
        break;
      case 0x5d: // ]
      case 0x7d: // }
        depth -= 1;
        break;
      case 0x2c: // ,
      case 0x3a: // :
        values += 1;
        if (values > mostValues) throw new JsonFault(`More than ${mostValues} values`, text, at);
        break;
      default:
    }
  }
}

/** Where the string that begins at `begin` has its closing quote; the text's end where it has none. */
function endOfString(text: string, begin: number): number {
  for (let at = begin + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x22) return at;
    if (code === 0x5c) at += 1; // a backslash and what it escapes
  }
  return text.length;
}

/** Reads a text that is known to be broken, up to where Python's parser would stop. */
class FaultFinder {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  find(): JsonFault {
    try {
      this.#space();
      this.#value();
      this.#space();
    } catch (fault) {
      if (fault instanceof JsonFault) return fault;
      throw fault;
    }
    return this.#fault('Extra data');
  }

  #fault(message: string, index = this.#at): JsonFault {
    return new JsonFault(message, this.#text, index);
  }

  /** Takes what the sticky pattern finds here. */
  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    this.#at += found?.length ?? 0;
    return found;
  }

  #space(): void {
    this.#take(/[ \t\n\r]*/y);
  }

  #value(): void {
    if (this.#take(/\{/y)) this.#list('}', () => this.#member());
    else if (this.#take(/\[/y)) this.#list(']', () => this.#value());
    else if (this.#text[this.#at] === '"') this.#string();
    else if (!this.#take(/null|true|false|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y))
      throw this.#fault('Expecting value');
  }

  /** What follows an opening bracket, through `closing`. */
  #list(closing: string, item: () => void): void {
    const ends = () => {
      this.#space();
      const end = this.#text[this.#at] === closing;
      if (end) this.#at += 1;
      return end;
    };
    if (ends()) return;
    for (;;) {
      item();
      if (ends()) return;
      if (!this.#take(/,/y)) throw this.#fault("Expecting ',' delimiter");
      this.#space();
    }
  }

  #member(): void {
    if (this.#text[this.#at] !== '"') throw this.#fault('Expecting property name enclosed in double quotes');
    this.#string();
    this.#space();
    if (!this.#take(/:/y)) throw this.#fault("Expecting ':' delimiter");
    this.#space();
    this.#value();
  }

  #string(): void {
    const begin = this.#at;
    this.#at += 1;
    for (;;) {
      this.#take(/(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*/y);
      const next = this.#text[this.#at];
      const escaped = this.#text[this.#at + 1];
      if (next === '"') break;
      if (next === undefined || (next === '\\' && escaped === undefined)) {
        throw this.#fault('Unterminated string starting at', begin);
      }
      if (next !== '\\') throw this.#fault('Invalid control character at');
      if (escaped === 'u') throw this.#fault('Invalid \\uXXXX escape', this.#at + 1);
      throw this.#fault('Invalid \\escape');
    }
    this.#at += 1;
  }
}
