/** Patterns that no label can match, which are most often a slip: `person,car`, `(Person|CAR)`, `(person | car)`. */
import { nearest } from '../config/nearest.js';
import { ZmdetectError } from '../errors.js';
import { compilePattern } from './pattern.js';

/** A sentence about a pattern that matches none of the labels, with the label that was most likely meant; else null. */
export function unmatchedSentence(pattern: string, labels: readonly string[]): string | null {
  try {
    const compiled = compilePattern(pattern);
    if (labels.length === 0 || labels.some((label) => compiled.matches(label))) return null;
  } catch (error) {
    if (error instanceof ZmdetectError && error.code === 'PATTERN_INVALID') return null;
    throw error;
  }
  const words = pattern.slice(0, 1000).match(/[\p{L}\p{N}_]+/gu) ?? [];
  const meant = words.slice(0, 20).flatMap((word) => nearest(word, labels, 1));
  const remedy =
    meant.length === 0 ? 'see the labels in its label file' : `write it as (${[...new Set(meant)].join('|')})`;
  return `the pattern ${JSON.stringify(pattern.slice(0, 100))} matches none of the ${labels.length} labels, so nothing is reported: ${remedy}`;
}
