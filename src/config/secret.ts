import { inspect } from 'node:util';

const mask = '***';

/** A text that no log line, JSON body or stack trace shows by accident: every way to print it gives `***`. */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** The text itself; call it where the text is used, and keep no copy. */
  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return mask;
  }

  toJSON(): string {
    return mask;
  }

  [inspect.custom](): string {
    return mask;
  }
}

/** Keys whose values no message may show, whichever mapping they stand in. */
export const secretKeys: ReadonlySet<string> = new Set([
  'auth_password',
  'token_secret',
  'alpr_key',
  'aws_access_key_id',
  'aws_secret_access_key',
]);
