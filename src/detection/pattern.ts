/**
 * Label patterns: Python regular expressions with the meaning of `re.match`, anchored at the start only, so that `car`
 * matches `carpet`.
 *
 * Most patterns are a list of words, which need no engine. RE2 runs the others in linear time. Patterns that RE2 cannot express, as `^(?!car).*`, run on V8's own engine, which can
 * take exponential time and therefore runs against a clock.
 */
import { createRequire } from 'node:module';
import { createContext, Script } from 'node:vm';
import type * as Re2 from 're2js';
import { hasUnicodeEdge, isRegular, toRe2, toV8 } from './regex/emit.js';
import type { Node } from './regex/nodes.js';
import { parsePattern } from './regex/parser.js';
import { patternInvalid } from './regex/scanner.js';

export interface LabelPattern {
  readonly source: string;
  /** @throws ZmdetectError PATTERN_INVALID when a pattern with look-around takes too long on this label */
  matches(label: string): boolean;
}

/** Milliseconds for one label. */
const timeout = 50;
const maxCached = 500;
const cache = new Map<string, LabelPattern>();

export const everything: LabelPattern = { source: '.*', matches: () => true };

/**
 * Empty, `.*`, null and undefined match every label. Compiled patterns are cached.
 *
 * @throws ZmdetectError PATTERN_INVALID with the pattern and Python's reason
 */
export function compilePattern(source: string | null | undefined): LabelPattern {
  if (!source || source === '.*') return everything;
  const known = cache.get(source);
  if (known) {
    // A Map keeps the order of insertion: the first entry is the one longest unused.
    cache.delete(source);
    cache.set(source, known);
    return known;
  }
  const pattern = compile(source);
  cache.set(source, pattern);
  for (const oldest of cache.keys()) {
    if (cache.size <= maxCached) break;
    cache.delete(oldest);
  }
  return pattern;
}

/** `person`, `person|car` and `(person|car)`. */
const wordList = /^(?:\w+(?:\|\w+)*|\(\w+(?:\|\w+)*\))$/;

function compile(source: string): LabelPattern {
  const tree = parsePattern(source);
  if (wordList.test(source)) {
    const words = source.replace(/[()]/g, '').split('|');
    return { source, matches: (label) => words.some((word) => label.startsWith(word)) };
  }
  const linear = isRegular(tree) ? compileRe2(tree) : null;
  if (!linear) return { source, matches: backtracking(source, tree) };
  const edges = hasUnicodeEdge(tree);
  // RE2's `$` knows no line break before the end, and its `\b` no letter beyond ASCII: V8 takes those labels if it can.
  const able = toV8(tree) !== null;
  let rest: ((label: string) => boolean) | null = null;
  const matches = (label: string): boolean => {
    if (!able || !(label.includes('\n') || (edges && /[^\0-\x7f]/.test(label)))) return linear.test(label);
    rest ??= backtracking(source, tree);
    return rest(label);
  };
  return { source, matches };
}

/** Loaded by the first pattern that needs it: for a hook, which lives for one event, that would be a large part of it. */
const re2 = (): typeof Re2 => createRequire(import.meta.url)('re2js') as typeof Re2;

/** null for the few limits that RE2 has and Python has not, such as a repeat of more than 1000. */
function compileRe2(tree: Node): Re2.RE2JS | null {
  try {
    return re2().RE2JS.compile(toRe2(tree));
  } catch {
    return null;
  }
}

const clockwork: { regex: RegExp; label: string } = { regex: /^/, label: '' };
const context = createContext(clockwork);
const script = new Script('regex.test(label)');

function backtracking(source: string, tree: Node): (label: string) => boolean {
  const code = toV8(tree);
  if (!code)
    throw patternInvalid(source, 'look-around and back-references need one rule for case in the whole pattern');
  let regex: RegExp;
  try {
    regex = new RegExp(code.source, code.flags);
  } catch (error) {
    throw patternInvalid(source, 'the engine refuses it', error);
  }
  const test = (label: string): boolean => {
    clockwork.regex = regex;
    clockwork.label = label;
    return script.runInContext(context, { timeout }) === true;
  };
  // The clock costs a thread a call, and labels are few: each is matched once.
  const answers = new Map<string, boolean | Error>();
  return (label) => {
    let answer = answers.get(label);
    if (answer === undefined) {
      answer = answerOf(source, label, test);
      if (answers.size >= 1000) answers.clear();
      answers.set(label, answer);
    }
    if (answer instanceof Error) throw answer;
    return answer;
  };
}

/** A second try tells a slow pattern from a machine that was busy for a moment. */
function answerOf(source: string, label: string, test: (label: string) => boolean): boolean | Error {
  for (let attempt = 1; ; attempt++) {
    try {
      return test(label);
    } catch (error) {
      const slow = (error as { code?: unknown } | null)?.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT';
      if (slow && attempt === 1) continue;
      const reason = slow ? `takes more than ${timeout} ms on the label ${label}` : 'the engine refuses it';
      return patternInvalid(source, reason, error);
    }
  }
}
