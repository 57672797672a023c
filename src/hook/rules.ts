/** What each place of an `objectconfig.yml` may hold. No zod here: a hook is started for every event. */
import { nearest } from '../config/nearest.js';
import {
  type Bounds,
  either,
  expectedInteger,
  expectedReal,
  readFlag,
  readInteger,
  readReal,
} from '../config/readers.js';

/** What counts in place of a value of another kind. */
export interface Substitute {
  /** undefined: as if the key were not there. */
  readonly value: unknown;
  /** The rest of the sentence: what is done instead. */
  readonly says: string;
}

/** A value that stands alone. */
export interface ValueRule {
  readonly kind: 'value';
  /** The X of "expected X for NAME, got V". */
  readonly expected: string;
  /** `source`: the value as written, without quotes. */
  accepts(value: unknown, source: string | undefined): boolean;
  /** How to correct what was not accepted. */
  hint?(value: unknown): string | undefined;
  /** What zm_detect.py makes of a value that is not accepted; absent or undefined: it does not run with it either. */
  instead?(value: unknown): Substitute | undefined;
  /** The value may be a password: no message shows it. */
  readonly secret?: boolean;
  /** Upstream's hook takes only the quoted words "yes" and "no" here. */
  readonly quoted?: boolean;
  /** A Python regular expression for labels. */
  readonly pattern?: boolean;
}

export interface ListRule {
  readonly kind: 'list';
  readonly item: Rule;
  /** zm_detect.py passes over a value that is no list. */
  readonly optional?: boolean;
}

export interface MappingRule {
  readonly kind: 'mapping';
  readonly keys: Readonly<Record<string, Rule>>;
  /** The rule of keys that a person chooses. */
  other?(key: string): Rule | undefined;
  /** Keys that stand elsewhere: where they belong. */
  readonly moved?: Readonly<Record<string, string>>;
  /** Unknown keys are handed on; only those like a known one are worth a word. */
  readonly open?: boolean;
  /** The mapping may also be one text that holds it as a Python literal, as older files have it. */
  readonly literal?: boolean;
}

/** Known upstream and without effect here; `why` is the rest of a sentence about it. */
export interface UnusedRule {
  readonly kind: 'unused';
  readonly why: string;
}

export type Rule = ValueRule | ListRule | MappingRule | UnusedRule;

export function mapping(keys: MappingRule['keys'], rest: Omit<MappingRule, 'kind' | 'keys'> = {}): MappingRule {
  return { kind: 'mapping', keys, ...rest };
}

export function list(item: Rule, rest: Omit<ListRule, 'kind' | 'item'> = {}): ListRule {
  return { kind: 'list', item, ...rest };
}

export function unused(why: string): UnusedRule {
  return { kind: 'unused', why };
}

export const anything: ValueRule = { kind: 'value', expected: 'anything', accepts: () => true };

/** A number counts as text when it is written as it reads: `0123` is 83 to YAML, and no password. */
function isText(value: unknown, source: string | undefined): boolean {
  return typeof value === 'string' || (typeof value === 'number' && source === String(value));
}

function quoteHint(value: unknown): string | undefined {
  if (typeof value === 'boolean') return 'yes, no, on and off without quotes are booleans to YAML: put it in quotes';
  return typeof value === 'object' ? undefined : 'put it in quotes';
}

const standard: Substitute = { value: undefined, says: 'the default counts' };

export const text: ValueRule = { kind: 'value', expected: 'text', accepts: isText, hint: quoteHint };

/** Text that zm_detect.py makes of any value. */
export const looseText: ValueRule = {
  ...text,
  instead: (value) => {
    if (typeof value === 'object') return standard;
    if (typeof value === 'number') return { value: String(value), says: 'the number that YAML reads counts' };
    const word = value === true ? 'True' : 'False';
    return { value: word, says: `"${word}" counts` };
  },
};

export const secretText: ValueRule = { ...text, secret: true };

export const looseSecret: ValueRule = { ...looseText, secret: true };

export const pattern: ValueRule = { ...text, expected: 'a pattern', pattern: true };

export function form(expected: string, test: RegExp, hint?: string): ValueRule {
  return {
    kind: 'value',
    expected,
    accepts: (value, source) => isText(value, source) && test.test(String(value)),
    hint: (value) => commentHint(value) ?? hint,
  };
}

/** Any word that is no yes means no; what is no word, the default. */
export const flag: ValueRule = {
  kind: 'value',
  expected: '"yes" or "no"',
  accepts: (value) => readFlag(value) !== undefined,
  hint: commentHint,
  instead: (value) => (typeof value === 'string' ? { value: false, says: '"no" counts' } : standard),
};

export const quotedFlag: ValueRule = { ...flag, quoted: true, instead: () => ({ value: false, says: '"no" counts' }) };

/** zm_detect.py compares such a key with "no" alone. */
export const unlessNo: ValueRule = { ...quotedFlag, instead: () => ({ value: true, says: '"yes" counts' }) };

export function integer(bounds: Bounds = {}): ValueRule {
  return {
    kind: 'value',
    expected: expectedInteger(bounds),
    accepts: (value) => readInteger(value, bounds) !== undefined,
    hint: commentHint,
    instead: (value) => nearestNumber(numberIn(value), bounds, Math.trunc),
  };
}

export function real(bounds: Bounds = {}): ValueRule {
  return {
    kind: 'value',
    expected: expectedReal(bounds),
    accepts: (value) => readReal(value, bounds) !== undefined,
    hint: commentHint,
    instead: (value) => nearestNumber(numberIn(value), bounds, (number) => number),
  };
}

/** Python counts True as 1. */
function numberIn(value: unknown): number | undefined {
  return typeof value === 'boolean' ? Number(value) : readReal(value);
}

function nearestNumber(
  number: number | undefined,
  { min = -Infinity, max = Infinity }: Bounds,
  whole: (number: number) => number,
): Substitute | undefined {
  if (number === undefined || !Number.isFinite(number)) return undefined;
  const value = Math.min(Math.max(whole(number), min), max) + 0;
  return { value, says: `${value} counts` };
}

/** `other`: the word that zm_detect.py takes for one it does not know. */
export function choice(words: readonly string[], other?: string): ValueRule {
  return {
    kind: 'value',
    expected: either(words),
    accepts: (value) => words.some((word) => word === value),
    hint: (value) => {
      const [near] = typeof value === 'string' ? nearest(value, words, 1) : [];
      return commentHint(value) ?? (near === undefined ? undefined : `did you mean "${near}"?`);
    },
    instead: () => (other === undefined ? undefined : { value: other, says: `"${other}" counts` }),
  };
}

export interface WordsOptions {
  readonly known: readonly string[];
  /** Words that are accepted beside the known ones, and what they are called. */
  readonly others?: { readonly test: RegExp; readonly called: string };
  /** No word at all is an answer too. */
  readonly mayBeEmpty?: boolean;
  /** What counts where no known word is left. */
  readonly none: Substitute;
}

/** One or several of some words, as a list or with commas between them. Unknown words are passed over. */
export function words({ known, others, mayBeEmpty = false, none }: WordsOptions): ValueRule {
  const isKnown = (word: string): boolean => known.includes(word) || others?.test.test(word) === true;
  const bad = (value: unknown): string | undefined => wordsOf(value)?.find((word) => !isKnown(word));
  return {
    kind: 'value',
    expected: `words with commas between them, each one of ${known.join(', ')}${others ? ` or ${others.called}` : ''}`,
    accepts: (value) => {
      const list = wordsOf(value);
      return list !== undefined && (list.length > 0 || mayBeEmpty) && list.every(isKnown);
    },
    hint: (value) => {
      const word = bad(value);
      const [near] = word === undefined ? [] : nearest(word, known, 1);
      return near === undefined ? commentHint(value) : `did you mean "${near}" instead of "${word}"?`;
    },
    instead: (value) => {
      const list = wordsOf(value)?.filter(isKnown) ?? [];
      return list.length === 0 ? none : { value: list, says: `${list.join(', ')} counts` };
    },
  };
}

/** The words of a list, or of a text with commas; undefined for what is neither. */
export function wordsOf(value: unknown): string[] | undefined {
  if (Array.isArray(value)) return value.map((item) => String(item).trim());
  return typeof value === 'string' ? split(value) : undefined;
}

function split(value: string): string[] {
  return value
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
}

/** `"no" # why` is fine; `"no # why"` and `no#why` put the comment into the value. */
function commentHint(value: unknown): string | undefined {
  return typeof value === 'string' && value.includes('#')
    ? 'the comment has become part of the value: write it on a line of its own'
    : undefined;
}
