/** What a hook says: one line on standard output, everything else on standard error. */
import { type ErrorCode, ZmdetectError } from '../errors.js';
import type { Path } from '../config/yaml.js';
import type { Log, LogMethod } from '../log.js';
import { plainLine } from '../plain-line.js';
import { remedyOf } from './remedies.js';
import type { HookSettings } from './settings.js';

export class Voice {
  readonly log: Log;
  readonly #program: string;
  readonly #debug: boolean;
  readonly #said = new Set<string>();
  #hushed = false;

  constructor(program: string, debug: boolean) {
    this.#program = program;
    this.#debug = debug;
    const method = (level: 'debug' | 'info' | 'warn' | 'error'): LogMethod => {
      return (fields: object | string, message?: string) => {
        const text = typeof fields === 'string' ? fields : `${message ?? ''} ${JSON.stringify(fields)}`;
        if (level === 'debug' || level === 'info' || isAboutFrame(fields) || this.#hushed) this.debug(text);
        else this.say(text);
      };
    };
    this.log = { debug: method('debug'), info: method('info'), warn: method('warn'), error: method('error') };
  }

  /** The same sentence is said once. */
  say(text: string): void {
    if (this.#said.has(text)) return;
    this.#said.add(text);
    // Each line begins with the program's name, so that none can be taken for one of another program.
    for (const line of text.split('\n')) process.stderr.write(`${this.#program}: ${plainLine(line)}\n`);
  }

  /** Logged warnings are details while `work` runs. */
  hush<T>(work: () => T): T {
    this.#hushed = true;
    try {
      return work();
    } finally {
      this.#hushed = false;
    }
  }

  debug(text: string): void {
    if (this.#debug) this.say(text);
  }
}

/** One frame of several may be missing, as `alarm` often is; when all are, that is an error of its own. */
function isAboutFrame(fields: object | string): boolean {
  return typeof fields === 'object' && 'frame_id' in fields;
}

/** The fault and what to do about it, as one sentence. */
export function explain(error: unknown, settings?: HookSettings): string {
  if (!(error instanceof ZmdetectError)) return error instanceof Error ? error.message : String(error);
  if (error.code === 'CONFIG_INVALID') return error.message;
  return `${error.params.fault ?? error.message}: ${remedyOf(error, settings)}`;
}

/** Where in the file the cause of an error most likely stands, the most likely place first; empty where nowhere. */
export function pathsBehind(error: unknown, monitorId: string | undefined): readonly Path[] {
  const path = error instanceof ZmdetectError ? causes[error.code] : undefined;
  if (path === undefined) return [];
  const own: Path[] = monitorId === undefined ? [] : [['monitors', monitorId, ...path.slice(1)]];
  return [...own, path, ['ml', 'ml_sequence', 'general', ...path.slice(-1)]];
}

const api: Path = ['general', 'api_portal'];
const gateway: Path = ['remote', 'ml_gateway'];

const causes: Partial<Record<ErrorCode, Path>> = {
  ZONEMINDER_UNREACHABLE: api,
  ZONEMINDER_UNEXPECTED: api,
  ZONEMINDER_REFUSED: ['general', 'user'],
  GATEWAY_UNREACHABLE: gateway,
  GATEWAY_TIMEOUT: ['remote', 'ml_timeout'],
  GATEWAY_BUSY: gateway,
  GATEWAY_FAILED: gateway,
  GATEWAY_LOGIN_REFUSED: ['remote', 'ml_user'],
  GATEWAY_REFUSED: gateway,
  GATEWAY_UNEXPECTED: gateway,
  GATEWAY_MODEL_UNKNOWN: ['ml', 'ml_sequence'],
  FRAMES_MISSING: ['ml', 'stream_sequence', 'frame_set'],
};
