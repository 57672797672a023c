/** The 422 answers: what is wrong with which part of the body, in the form that upstream's framework gives them. */

import { limits } from '../limits.js';

export interface Invalidity {
  readonly type: string;
  readonly loc: ReadonlyArray<string | number>;
  readonly msg: string;
  readonly input: unknown;
  readonly ctx?: unknown;
}

/** A body that is not what the route reads; `detail` is sent as it is. */
export class InvalidBody extends Error {
  readonly detail: readonly Invalidity[];

  constructor(...detail: readonly Invalidity[]) {
    super(detail.map((entry) => `${entry.loc.join('.')}: ${entry.msg}`).join('; '));
    this.name = 'InvalidBody';
    this.detail = detail;
  }
}

export function missing(...loc: readonly string[]): InvalidBody {
  return new InvalidBody({ type: 'missing', loc: ['body', ...loc], msg: 'Field required', input: null });
}

/** `isSecret`: no text of the input is repeated. */
export function notAnObject(input: unknown, isSecret = false): InvalidBody {
  return new InvalidBody({
    type: 'dict_type',
    loc: ['body'],
    msg: 'Input should be a valid dictionary',
    input: isSecret ? withoutText(input) : repeatable(input),
  });
}

export function notJson(offset: number, reason: string): InvalidBody {
  return new InvalidBody({
    type: 'json_invalid',
    loc: ['body', offset],
    msg: 'JSON decode error',
    input: {},
    ctx: { error: reason },
  });
}

/** A part that must be a file came as a plain field. */
export function notAFile(name: string, input: string): InvalidBody {
  return new InvalidBody({
    type: 'value_error',
    loc: ['body', name],
    msg: "Value error, Expected UploadFile, received: <class 'str'>",
    input: repeatable(input),
    ctx: { error: {} },
  });
}

const hidden = '***';
const secretName = /pass|pwd|secret|token|auth|credential|api.?key|user/i;
/** User info of a URL, or a header of a key. */
const secretText = /:\/\/[^\s/@]*@|-----BEGIN/;

/**
 * What an answer repeats of a value: as it is where it is short, cut or left out where it is not. Text that names a secret
 * is not repeated at all.
 */
export function repeatable(value: unknown): unknown {
  return new Repeater(limits.echoCharacters.value).repeat(value);
}

/** A value without its texts, for a body that holds a password. */
function withoutText(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? hidden : typeof value === 'string' ? hidden : value;
}

/** Copies a value until its characters are used up. */
class Repeater {
  #left: number;

  constructor(characters: number) {
    this.#left = characters;
  }

  repeat(value: unknown): unknown {
    if (typeof value === 'string') return this.#text(value);
    if (typeof value !== 'object' || value === null) {
      this.#left -= 8;
      return value;
    }
    this.#left -= 2;
    return Array.isArray(value) ? this.#list(value) : this.#object(value as Readonly<Record<string, unknown>>);
  }

  #text(text: string): string {
    const shown = text.slice(0, Math.max(0, this.#left));
    this.#left -= text.length + 2;
    if (secretName.test(shown) || secretText.test(shown)) return hidden;
    return shown.length < text.length ? `${shown}... (${text.length} characters)` : text;
  }

  #list(items: readonly unknown[]): unknown[] {
    const repeated: unknown[] = [];
    for (const item of items) {
      if (this.#left <= 0) return [...repeated, '...'];
      repeated.push(this.repeat(item));
    }
    return repeated;
  }

  #object(members: Readonly<Record<string, unknown>>): Record<string, unknown> {
    const repeated: [string, unknown][] = [];
    for (const name in members) {
      if (this.#left <= 0) break;
      const key = this.#text(name);
      repeated.push([key, key === hidden ? hidden : this.repeat(members[name])]);
    }
    return Object.fromEntries(repeated);
  }
}
