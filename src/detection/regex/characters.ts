/**
 * Python's meaning of single characters: `\d` is Nd, `\w` is letters, numbers and the underscore (no combining marks),
 * `\s` is what `str.isspace` accepts; two letters are one but for case when their lower-case forms agree, or the
 * upper-case forms of these.
 */
import type { CaseRule, Category, PointRange, SetNode } from './nodes.js';

const unicodeSpace: readonly PointRange[] = [
  [0x09, 0x0d],
  [0x1c, 0x20],
  [0x85, 0x85],
  [0xa0, 0xa0],
  [0x1680, 0x1680],
  [0x2000, 0x200a],
  [0x2028, 0x2029],
  [0x202f, 0x202f],
  [0x205f, 0x205f],
  [0x3000, 0x3000],
].map(([from = 0, to = 0]) => ({ from, to }));

const asciiSpace: readonly PointRange[] = [
  { from: 0x09, to: 0x0d },
  { from: 0x20, to: 0x20 },
];

export function isWord(code: number, ascii: boolean): boolean {
  if (code < 0x80) return isAsciiLetter(code) || isAsciiDigit(code) || code === 0x5f;
  return !ascii && /[\p{L}\p{N}]/u.test(String.fromCodePoint(code));
}

export function isInSet(set: SetNode, code: number): boolean {
  return (hasLetter(set, code) || hasCategory(set, lower(code, set.letterCase))) !== set.negated;
}

function hasLetter({ ranges, letterCase }: SetNode, code: number): boolean {
  if (letterCase === 'exact') return isInRanges(ranges, code);
  return equals(code, letterCase).some((letter) => isInRanges(ranges, letter));
}

function hasCategory({ categories }: SetNode, code: number): boolean {
  return categories.length > 0 && categories.some((category) => isInCategory(category, code));
}

/** A form in which two characters of a back-reference are compared. */
export function lower(code: number, letterCase: CaseRule): number {
  if (letterCase === 'exact') return code;
  if (letterCase === 'ignoreAscii' || code < 0x80) return code >= 0x41 && code <= 0x5a ? code + 32 : code;
  return String.fromCodePoint(code).toLowerCase().codePointAt(0) ?? code;
}

function isInCategory({ category, negated, ascii }: Category, code: number): boolean {
  return isOfKind(category, ascii, code) !== negated;
}

function isOfKind(category: Category['category'], ascii: boolean, code: number): boolean {
  if (category === 'w') return isWord(code, ascii);
  if (category === 's') return isInRanges(ascii ? asciiSpace : unicodeSpace, code);
  return isAsciiDigit(code) || (!ascii && code >= 0x80 && /\p{Nd}/u.test(String.fromCodePoint(code)));
}

function isAsciiDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function isAsciiLetter(code: number): boolean {
  return (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a);
}

/** Binary search. */
function isInRanges(ranges: readonly PointRange[], code: number): boolean {
  let [low, high] = [0, ranges.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const range = ranges[middle];
    if (range === undefined || range.from > code) high = middle;
    else if (range.to < code) low = middle + 1;
    else return true;
  }
  return false;
}

/** The characters that count as this one, itself included. */
function equals(code: number, letterCase: Exclude<CaseRule, 'exact'>): readonly number[] {
  if (letterCase === 'ignoreAscii') return isAsciiLetter(code) ? [code, code ^ 0x20] : [code];
  classes ??= caseClasses();
  return classes.get(code) ?? [code];
}

/** Made when a pattern first ignores case, by this runtime's own Unicode tables. */
let classes: ReadonlyMap<number, readonly number[]> | undefined;

function caseClasses(): ReadonlyMap<number, readonly number[]> {
  const byForm = new Map<string, number[]>();
  // No letter beyond the second plane has case.
  for (let block = 0; block < 0x20000; block += 0x1000) {
    const text = String.fromCodePoint(...Array.from({ length: 0x1000 }, (_, index) => block + index));
    for (const [char] of text.matchAll(/\p{Changes_When_Casemapped}/gu)) {
      const code = char.codePointAt(0) ?? 0;
      const form = String.fromCodePoint(lower(code, 'ignore')).toUpperCase();
      const members = byForm.get(form);
      if (members) members.push(code);
      else byForm.set(form, [code]);
    }
  }
  return new Map([...byForm.values()].flatMap((members) => members.map((code) => [code, members] as const)));
}
