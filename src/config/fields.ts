/**
 * The kinds of values a configuration file holds, as zod schemas that coerce the way pyzm's loader does.
 *
 * An absent key (`undefined`) passes every field and leaves the default in place. An issue's message is the X of
 * "expected X for NAME, got V"; advice goes into its `params.hint`.
 */
import { z } from 'zod';
import { nearest } from './nearest.js';
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
  snakeCase,
} from './readers.js';
import { Secret } from './secret.js';

export type Field<T> = z.ZodType<T | undefined>;

type Hint = (value: unknown) => string | undefined;

/** A field that `read` understands; what it does not understand (`undefined`) is an issue. */
function field<T>(expected: string, read: (value: unknown) => T | undefined, hint?: Hint): Field<T> {
  return z.unknown().transform((value, ctx) => {
    if (value === undefined) return undefined;
    const result = read(value);
    if (result === undefined) report(ctx, expected, { hint: hint?.(value) });
    return result;
  });
}

function report(ctx: z.RefinementCtx, message: string, params: { hint?: string | undefined; got?: unknown }): void {
  ctx.addIssue({ code: 'custom', message, params });
}

/** What `inner` makes of `value`; its issues are handed on with their paths. */
function run<T>(inner: z.ZodType<T>, value: unknown, ctx: z.RefinementCtx): T | undefined {
  const result = inner.safeParse(value);
  for (const { message, path, ...issue } of result.error?.issues ?? []) {
    ctx.addIssue({
      code: 'custom',
      message,
      path,
      params: 'params' in issue ? issue.params : {},
    });
  }
  return result.data;
}

/** Runs `inner` on what `outer` has let through. */
function within<T, U>(
  outer: Field<T>,
  inner: z.ZodType<U>,
  check?: (value: T, ctx: z.RefinementCtx) => void,
): Field<U> {
  return outer.transform((value, ctx) => {
    if (value === undefined) return undefined;
    check?.(value, ctx);
    return run(inner, value, ctx);
  });
}

/** Text only: a number, a boolean, a date or null must be put in quotes by whoever wrote the file. */
export const text: Field<string> = field(
  'text',
  (value) => (typeof value === 'string' ? value : undefined),
  (value) => (Array.isArray(value) || isMapping(value) ? undefined : 'put it in quotes'),
);

export const secret: Field<Secret> = text.transform((value) => (value === undefined ? undefined : new Secret(value)));

export const flag: Field<boolean> = field('yes or no', readFlag);

/** A whole number, also written `5001.0` or `"5001"`. */
export function integer(bounds: Bounds = {}): Field<number> {
  return field(expectedInteger(bounds), (value) => readInteger(value, bounds));
}

/** A finite number, also written as text. */
export function real(bounds: Bounds = {}): Field<number> {
  return field(expectedReal(bounds), (value) => readReal(value, bounds));
}

/** One of some words, letter case included. */
export function choice<T extends string>(words: readonly T[]): Field<T> {
  return field(
    either(words),
    (value) => words.find((word) => word === value),
    (value) => {
      const [near] = typeof value === 'string' ? nearest(value, words, 1) : [];
      return near === undefined ? undefined : `did you mean "${near}"?`;
    },
  );
}

export function nullable<T>(inner: Field<T>): Field<T | null> {
  return z.unknown().transform((value, ctx) => (value === null ? null : run(inner, value, ctx)));
}

export function list<T>(item: Field<T>): Field<T[]> {
  const outer = field(
    'a list',
    (value) => (Array.isArray(value) ? (value as unknown[]) : undefined),
    (value) => (typeof value === 'string' ? `write it as [${value}]` : undefined),
  );
  return within(outer, z.array(item as z.ZodType<T>));
}

const anyMapping: Field<Mapping> = field('a mapping', (value) => (isMapping(value) ? value : undefined));

/** A mapping whose keys the person chooses; with `keys`, only among those. */
export function dictionary<T>(item: Field<T>, keys?: readonly string[]): Field<Record<string, T>> {
  return within(anyMapping, z.record(z.string(), item as z.ZodType<T>), (value, ctx) => {
    if (!keys) return;
    for (const key of Object.keys(value)) {
      if (!keys.includes(key)) report(ctx, `only the keys ${either(keys)}`, { got: key });
    }
  });
}

export const freeMapping: Field<Mapping> = dictionary(z.unknown());

/** One field for each property of T. */
export type Shape<T> = { readonly [K in keyof T]-?: Field<T[K]> };

/** A mapping with snake_case keys in the file, read into camelCase properties over `defaults`. Other keys are ignored. */
export function mapping<T extends object>(shape: Shape<T>, defaults: () => T): Field<T> {
  const names = Object.keys(shape) as (keyof T & string)[];
  const inner = z.object(
    Object.fromEntries(names.map((name) => [snakeCase(name), (shape[name] as Field<unknown>).optional()])),
  );
  return within(
    anyMapping,
    inner.transform((values) => {
      const result = defaults();
      for (const name of names) {
        const value = values[snakeCase(name)];
        if (value !== undefined) result[name] = value as T[typeof name];
      }
      return result;
    }),
  );
}
