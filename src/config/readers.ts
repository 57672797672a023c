/** What a written value means, as pyzm's loader coerces it: undefined where it is not of the kind. */

export type Mapping = Record<string, unknown>;

const booleans = new Map<unknown, boolean>([
  ...['true', 't', 'yes', 'y', 'on', '1', 1, true].map((word) => [word, true] as const),
  ...['false', 'f', 'no', 'n', 'off', '0', 0, false].map((word) => [word, false] as const),
]);

export function readFlag(value: unknown): boolean | undefined {
  return booleans.get(typeof value === 'string' ? value.toLowerCase() : value);
}

export interface Bounds {
  readonly min?: number;
  readonly max?: number;
}

/** A whole number, also written `5001.0` or `"5001"`. */
export function readInteger(value: unknown, bounds: Bounds = {}): number | undefined {
  const number = toNumber(value, /^[+-]?\d+(?:_\d+)*(?:\.0+)?$/);
  return number !== undefined && Number.isSafeInteger(number) && inside(number, bounds) ? number : undefined;
}

/** A finite number, also written as text. */
export function readReal(value: unknown, bounds: Bounds = {}): number | undefined {
  const number = toNumber(value, /^[+-]?(?:\d+(?:_\d+)*\.?|\d*\.\d+|\d+(?:_\d+)*\.\d+)(?:e[+-]?\d+)?$/i);
  return number !== undefined && Number.isFinite(number) && inside(number, bounds) ? number : undefined;
}

function toNumber(value: unknown, form: RegExp): number | undefined {
  if (typeof value === 'string' && form.test(value.trim())) return Number(value.replaceAll('_', '')) + 0;
  return typeof value === 'number' ? value + 0 : undefined;
}

function inside(number: number, { min = -Infinity, max = Infinity }: Bounds): boolean {
  return number >= min && number <= max;
}

export function isMapping(value: unknown): value is Mapping {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** The X of "expected X for NAME, got V". */
export function expectedInteger(bounds: Bounds): string {
  return `a whole number${boundsText(bounds)}`;
}

export function expectedReal(bounds: Bounds): string {
  return `a number${boundsText(bounds)}`;
}

function boundsText({ min, max }: Bounds): string {
  if (min === undefined) return max === undefined ? '' : ` of at most ${max}`;
  return max === undefined ? ` of at least ${min}` : ` from ${min} to ${max}`;
}

export function either(words: readonly string[]): string {
  const quoted = words.map((word) => `"${word}"`);
  return quoted.length < 2 ? quoted.join('') : `${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1)}`;
}

/** The key in a file for a property of this code. */
export function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
