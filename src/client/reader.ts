/** Reads one mapping of settings key by key, and collects what is wrong as sentences with the mend. */
import { nearest } from '../config/nearest.js';
import { kind, show } from '../config/problems.js';
import {
  type Bounds,
  either,
  expectedInteger,
  expectedReal,
  isMapping,
  type Mapping,
  readFlag,
  readInteger,
  readReal,
} from '../config/readers.js';

/** Shared by the readers of one set of settings. */
export interface Findings {
  /** `expected X for NAME, got V`: the settings cannot be used. */
  readonly problems: string[];
  /** What is ignored and was perhaps meant otherwise. */
  readonly warnings: string[];
}

export class MappingReader {
  readonly #source: Mapping;
  readonly #place: string;
  readonly #findings: Findings;
  readonly #read = new Set<string>();

  /** `place` names the mapping in sentences, empty for the outermost. What is no mapping is a problem. */
  constructor(source: unknown, place: string, findings: Findings) {
    this.#place = place;
    this.#findings = findings;
    this.#source = isMapping(source) ? source : {};
    if (!isMapping(source)) {
      findings.problems.push(`expected a mapping for ${place || 'the settings'}, got ${kind(source)}`);
    }
  }

  get keys(): readonly string[] {
    return Object.keys(this.#source);
  }

  /** Absent, null and undefined are the same: not said. */
  has(key: string): boolean {
    this.#read.add(key);
    return this.#source[key] != null;
  }

  /** Whether somebody has looked at `key`. */
  knows(key: string): boolean {
    return this.#read.has(key);
  }

  raw(key: string): unknown {
    this.#read.add(key);
    return this.#source[key] ?? undefined;
  }

  flag(key: string): boolean | undefined {
    return this.#value(key, 'yes or no', readFlag);
  }

  integer(key: string, bounds: Bounds = {}): number | undefined {
    return this.#value(key, expectedInteger(bounds), (value) => readInteger(value, bounds));
  }

  real(key: string, bounds: Bounds = {}): number | undefined {
    return this.#value(key, expectedReal(bounds), (value) => readReal(value, bounds));
  }

  /** A number counts as text. `secret`: sentences do not show the value. */
  text(key: string, { secret = false } = {}): string | undefined {
    const read = (value: unknown) =>
      typeof value === 'string' ? value : typeof value === 'number' ? String(value) : undefined;
    return this.#value(key, 'text', read, secret);
  }

  choice<T extends string>(key: string, words: readonly T[]): T | undefined {
    const hint = (value: unknown) => (typeof value === 'string' ? nearest(value, words, 1)[0] : undefined);
    return this.#value(key, either(words), (value) => words.find((word) => word === value), false, hint);
  }

  /** A list of texts, or one text with commas. */
  texts(key: string): readonly string[] | undefined {
    return this.#value(key, 'a list of texts', textsOf);
  }

  /** Groups of texts. */
  groups(key: string): readonly (readonly string[])[] | undefined {
    return this.#value(key, 'a list of lists of texts', (value) => {
      const groups = Array.isArray(value) ? value.map(textsOf) : [undefined];
      return groups.every((group) => group !== undefined) ? groups : undefined;
    });
  }

  list(key: string): readonly unknown[] | undefined {
    return this.#value(key, 'a list', (value) => (Array.isArray(value) ? (value as unknown[]) : undefined));
  }

  /** A reader for the mapping under `key`; empty where there is none. */
  inner(key: string): MappingReader {
    return new MappingReader(this.raw(key) ?? {}, this.nameOf(key), this.#findings);
  }

  /** Says that `key` holds something that cannot be used, in the words of every other such sentence. */
  refuse(key: string, expected: string, got = show(this.raw(key))): void {
    this.#findings.problems.push(`expected ${expected} for ${this.nameOf(key)}, got ${got}`);
  }

  /** A warning for each key that nobody has read and that is like one that was. `known`: further names. */
  warnOfUnread(known: readonly string[] = []): void {
    for (const key of this.keys) {
      if (this.#read.has(key)) continue;
      const [near] = nearest(key, [...this.#read, ...known], 1);
      if (near === undefined) continue;
      this.#findings.warnings.push(`unknown key ${this.nameOf(key)} is ignored: did you mean ${this.nameOf(near)}?`);
    }
  }

  nameOf(key: string): string {
    return this.#place === '' ? key : `${this.#place}.${key}`;
  }

  #value<T>(
    key: string,
    expected: string,
    read: (value: unknown) => T | undefined,
    secret = false,
    hint: (value: unknown) => string | undefined = () => undefined,
  ): T | undefined {
    const value = this.raw(key);
    if (value === undefined) return undefined;
    const result = read(value);
    if (result === undefined) {
      const got = secret ? `${kind(value)} (not shown)` : show(value);
      const near = hint(value);
      const advice = near === undefined ? '' : `: did you mean "${near}"?`;
      this.#findings.problems.push(`expected ${expected} for ${this.nameOf(key)}, got ${got}${advice}`);
    }
    return result;
  }
}

function textsOf(value: unknown): readonly string[] | undefined {
  if (typeof value === 'string') return value.split(',').flatMap((part) => part.trim() || []);
  const isTexts = Array.isArray(value) && value.every((item) => typeof item === 'string' || typeof item === 'number');
  return isTexts ? value.map(String) : undefined;
}
