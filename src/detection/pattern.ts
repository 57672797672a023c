/**
 * Label patterns: Python regular expressions with the meaning of `re.match`, anchored at the start only, so that `car`
 * matches `carpet`.
 *
 * Patterns of a request have one budget for all of them, and nothing of them is kept after it. Patterns of the
 * configuration are kept compiled.
 */
import { limits } from '../limits.js';
import { matchesAtStart } from './regex/matcher.js';
import { type ParsedPattern, parsePattern } from './regex/parser.js';
import { patternInvalid } from './regex/scanner.js';

export interface LabelPattern {
  readonly source: string;
  /** @throws ZmdetectError PATTERN_INVALID when matching takes more steps than the limit */
  matches(label: string): boolean;
}

export const everything: LabelPattern = { source: '.*', matches: () => true };

/** Empty, `.*`, null and undefined match every label. */
function matchesEverything(source: string | null | undefined): source is '' | '.*' | null | undefined {
  return !source || source === '.*';
}

export type PatternLimits = Readonly<Record<'patterns' | 'characters' | 'nodes' | 'steps', number>>;

const requestLimits: PatternLimits = {
  patterns: limits.requestPatterns.value,
  characters: limits.requestPatternCharacters.value,
  nodes: limits.requestPatternNodes.value,
  steps: limits.requestPatternSteps.value,
};

/** What all patterns of one request may cost. A pattern that comes again, and a label that comes again, costs nothing. */
export class PatternBudget {
  readonly #limits: PatternLimits;
  readonly #compiled = new Map<string, LabelPattern>();
  #characters = 0;
  #nodes = 0;
  #steps = 0;

  constructor(most: PatternLimits = requestLimits) {
    this.#limits = most;
  }

  /** Steps of matching so far. */
  get steps(): number {
    return this.#steps;
  }

  /** @throws ZmdetectError PATTERN_INVALID with the pattern and Python's reason, or the limit */
  compile(source: string | null | undefined): LabelPattern {
    if (matchesEverything(source)) return everything;
    const known = this.#compiled.get(source);
    if (known) return known;
    const { patterns, characters, nodes } = this.#limits;
    const isTooMuch = (count: number, most: number, what: string): void => {
      if (count > most) {
        throw patternInvalid(
          source,
          `with it, the request has more than ${most} ${what}: use fewer or shorter patterns`,
        );
      }
    };
    isTooMuch(this.#compiled.size + 1, patterns, 'different patterns');
    isTooMuch((this.#characters += source.length), characters, 'characters of patterns');
    const parsed = parsePattern(source);
    isTooMuch((this.#nodes += parsed.size), nodes, 'nodes in its patterns');
    const pattern = this.#pattern(source, parsed);
    this.#compiled.set(source, pattern);
    return pattern;
  }

  #pattern(source: string, parsed: ParsedPattern): LabelPattern {
    const answers = new Map<string, boolean>();
    const take = (count: number): void => {
      this.#steps += count;
      if (this.#steps > this.#limits.steps) {
        throw tooManySteps(source, `the request's patterns take more than ${this.#limits.steps} steps`);
      }
    };
    return {
      source,
      matches(label) {
        let answer = answers.get(label);
        if (answer === undefined) answers.set(label, (answer = matchesAtStart(parsed, label, { take })));
        return answer;
      },
    };
  }
}

interface Kept {
  readonly pattern: LabelPattern;
  readonly nodes: number;
}

/** Holds patterns of the configuration only, so that no client can fill it. The first entry was not used for longest. */
const kept = new Map<string, Kept>();
let keptNodes = 0;

/**
 * A pattern of the configuration.
 *
 * @throws ZmdetectError PATTERN_INVALID with the pattern and Python's reason
 */
export function compilePattern(source: string | null | undefined): LabelPattern {
  if (matchesEverything(source)) return everything;
  const known = kept.get(source);
  if (known) {
    kept.delete(source);
    kept.set(source, known);
    return known.pattern;
  }
  const parsed = parsePattern(source);
  const pattern = { source, matches: (label: string) => matchesConfigured(source, parsed, label) };
  kept.set(source, { pattern, nodes: parsed.size });
  keptNodes += parsed.size;
  for (const [oldest, { nodes }] of kept) {
    if (kept.size <= limits.configurationPatterns.value && keptNodes <= limits.configurationPatternNodes.value) break;
    kept.delete(oldest);
    keptNodes -= nodes;
  }
  return pattern;
}

function matchesConfigured(source: string, parsed: ParsedPattern, label: string): boolean {
  const most = limits.patternLabelSteps.value;
  let steps = 0;
  const take = (count: number): void => {
    steps += count;
    if (steps > most) throw tooManySteps(source, `takes more than ${most} steps`);
  };
  return matchesAtStart(parsed, label, { take });
}

function tooManySteps(source: string, reason: string): Error {
  return patternInvalid(source, `${reason}: use simpler patterns, without repeats inside of repeats`);
}
