/** What each place of an `objectconfig.yml` may hold. No zod here: a hook is started for every event. */
import { nearest } from '../config/nearest.js';
import {
  type Bounds,
  either,
  expectedInteger,
  expectedReal,
  isMapping,
  readFlag,
  readInteger,
  readReal,
} from '../config/readers.js';

/** A value that stands alone. */
export interface ValueRule {
  readonly kind: 'value';
  /** The X of "expected X for NAME, got V". */
  readonly expected: string;
  /** `source`: the value as written, without quotes. */
  accepts(value: unknown, source: string | undefined): boolean;
  /** How to mend what was not accepted. */
  hint?(value: unknown): string | undefined;
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

export function list(item: Rule): ListRule {
  return { kind: 'list', item };
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

export const text: ValueRule = { kind: 'value', expected: 'text', accepts: isText, hint: quoteHint };

export const secretText: ValueRule = { ...text, secret: true };

export const pattern: ValueRule = { ...text, expected: 'a pattern', pattern: true };

export function form(expected: string, test: RegExp, hint?: string): ValueRule {
  return {
    kind: 'value',
    expected,
    accepts: (value, source) => isText(value, source) && test.test(String(value)),
    hint: (value) => commentHint(value) ?? hint,
  };
}

export const flag: ValueRule = {
  kind: 'value',
  expected: '"yes" or "no"',
  accepts: (value) => readFlag(value) !== undefined,
  hint: commentHint,
};

export const quotedFlag: ValueRule = { ...flag, quoted: true };

export function integer(bounds: Bounds = {}): ValueRule {
  return {
    kind: 'value',
    expected: expectedInteger(bounds),
    accepts: (value) => readInteger(value, bounds) !== undefined,
    hint: commentHint,
  };
}

export function real(bounds: Bounds = {}): ValueRule {
  return {
    kind: 'value',
    expected: expectedReal(bounds),
    accepts: (value) => readReal(value, bounds) !== undefined,
    hint: commentHint,
  };
}

export function choice(words: readonly string[]): ValueRule {
  return {
    kind: 'value',
    expected: either(words),
    accepts: (value) => words.some((word) => word === value),
    hint: (value) => {
      const [near] = typeof value === 'string' ? nearest(value, words, 1) : [];
      return commentHint(value) ?? (near === undefined ? undefined : `did you mean "${near}"?`);
    },
  };
}

/** One or several of some words, with commas between them. */
export function words(known: readonly string[], other = /^$/): ValueRule {
  const bad = (value: string): string | undefined =>
    split(value).find((word) => !known.includes(word) && !other.test(word));
  return {
    kind: 'value',
    expected: `words with commas between them, each one of ${known.join(', ')}${other.source === '^$' ? '' : ' or a number'}`,
    accepts: (value) => {
      const list = Array.isArray(value) ? value.map(String) : isMapping(value) ? [''] : [String(value)];
      return list.every((entry) => bad(entry) === undefined && entry.trim() !== '');
    },
    hint: (value) => {
      const word = bad(Array.isArray(value) ? value.join(',') : String(value));
      const [near] = word === undefined ? [] : nearest(word, known, 1);
      return near === undefined ? commentHint(value) : `did you mean "${near}" instead of "${word}"?`;
    },
  };
}

/** The words of a list, or of a text with commas; undefined for what is neither. */
export function wordsOf(value: unknown): string[] | undefined {
  if (Array.isArray(value)) return value.map(String);
  return typeof value === 'string' || typeof value === 'number' ? split(String(value)) : undefined;
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
