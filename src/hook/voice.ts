/** What a hook says: one line on standard output, everything else on standard error. */
import { type ErrorCode, errorTable, ZmdetectError } from '../errors.js';
import type { Log, LogMethod } from '../log.js';

export class Voice {
  readonly log: Log;
  readonly #program: string;
  readonly #debug: boolean;

  constructor(program: string, debug: boolean) {
    this.#program = program;
    this.#debug = debug;
    const method = (level: 'debug' | 'info' | 'warn' | 'error'): LogMethod => {
      return (fields: object | string, message?: string) => {
        const text = typeof fields === 'string' ? fields : `${message ?? ''} ${JSON.stringify(fields)}`;
        if (level === 'debug' || level === 'info') this.debug(text);
        else this.say(text);
      };
    };
    this.log = { debug: method('debug'), info: method('info'), warn: method('warn'), error: method('error') };
  }

  say(text: string): void {
    process.stderr.write(`${this.#program}: ${text}\n`);
  }

  debug(text: string): void {
    if (this.#debug) this.say(text);
  }
}

/** The fault and its mend as one sentence. */
export function explain(error: unknown): string {
  if (!(error instanceof ZmdetectError)) return error instanceof Error ? error.message : String(error);
  const { mend } = errorTable[error.code];
  return error.code === 'CONFIG_INVALID' ? error.message : `${error.message}: ${mend}`;
}

/** The key of the file that an error is most likely about; undefined where none is. */
export function keyBehind(error: unknown): readonly [section: string, key: string] | undefined {
  return error instanceof ZmdetectError ? keys[error.code] : undefined;
}

const keys: Partial<Record<ErrorCode, readonly [string, string]>> = {
  ZONEMINDER_UNREACHABLE: ['general', 'api_portal'],
  ZONEMINDER_UNEXPECTED: ['general', 'api_portal'],
  ZONEMINDER_REFUSED: ['general', 'user'],
};
