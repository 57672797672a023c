/** What is wrong with a configuration, as sentences for the person who wrote it. */
import type { z } from 'zod';
import { ZmdetectError } from '../errors.js';
import { secretKeys } from './secret.js';

/** A configuration that cannot be used. `problems` holds one whole sentence for each thing to mend. */
export class ConfigError extends ZmdetectError {
  readonly problems: readonly string[];
  readonly exitStatus = 1;

  constructor(problems: readonly string[], options?: ErrorOptions) {
    super('CONFIG_INVALID', { reason: problems.join('\n') }, options);
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

type Path = readonly PropertyKey[];

/**
 * One sentence `expected X for NAME, got V` for each issue. The fields of `fields.ts` put X in an issue's message and
 * advice in its `params.hint`; V is looked up in `raw`, and left out when it is a secret. `nameOf` names the top key.
 */
export function sentences(
  issues: readonly z.core.$ZodIssue[],
  raw: unknown,
  nameOf: (key: string) => string = (key) => key,
): string[] {
  return issues.map((issue) => {
    const params = 'params' in issue ? (issue.params ?? {}) : {};
    const hint = typeof params.hint === 'string' ? `: ${params.hint}` : '';
    const got = 'got' in params ? show(params.got) : showAt(raw, issue.path);
    return `expected ${issue.message} for ${name(issue.path, nameOf)}, got ${got}${hint}`;
  });
}

function name(path: Path, nameOf: (key: string) => string): string {
  const [first, ...rest] = path;
  if (first === undefined) return 'the configuration';
  return rest.reduce<string>(
    (text, key) => (typeof key === 'number' ? `${text}[${key}]` : `${text}.${String(key)}`),
    nameOf(String(first)),
  );
}

function showAt(raw: unknown, path: Path): string {
  let value = raw;
  for (const key of path) value = (value as Record<PropertyKey, unknown> | null | undefined)?.[key];
  if (value === null) return 'null';
  if (secretKeys.has(String(path.at(-1)))) return `${kind(value)} (not shown)`;
  // A whole file that is one text may be a password that lost its key.
  return path.length === 0 ? kind(value) : show(value);
}

/** A value in a sentence: short, on one line. */
export function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}...` : value);
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return String(value);
  return kind(value);
}

export function kind(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (value instanceof Date) return 'a date';
  if (typeof value === 'object') return 'a mapping';
  return typeof value === 'string' ? 'a text' : `a ${typeof value}`;
}
