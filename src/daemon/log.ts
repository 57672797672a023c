/** Log lines: readable on a terminal, JSON otherwise. */
import { EventEmitter } from 'node:events';

import { type Logger, pino } from 'pino';
import pretty from 'pino-pretty';

import { plainLine, plainLines } from '../plain-line.js';
import type { LogLevel } from '../config/server-config.js';

export interface LogOutput {
  readonly isTTY: boolean;
  /** A file descriptor, or a stream in tests. */
  readonly destination: number | NodeJS.WritableStream;
}

/** Of lines that are not written yet. Where nobody reads them, later ones are dropped: the daemon serves on. */
const maxUnwritten = 16 * 1024 * 1024;
/** Milliseconds that an exit waits for its last line to be written. */
const lastLineMs = 500;

const standardOutput: LogOutput = { isTTY: process.stdout.isTTY, destination: 1 };

export function createLog(level: LogLevel, { isTTY, destination }: LogOutput = standardOutput): Logger {
  const json =
    typeof destination === 'number'
      ? pino.destination({ dest: destination, minLength: 0, maxLength: maxUnwritten })
      : destination;
  return pino(
    {
      level,
      base: null,
      formatters: { level: (label) => ({ level: label }), log: plainFields },
      hooks: {
        logMethod(args, method) {
          // JSON escapes a line break, and a terminal's text does not; neither escapes every sign of direction.
          method.apply(this, args.map((part) => (typeof part === 'string' ? plainLine(part) : part)) as typeof args);
        },
      },
      timestamp: pino.stdTimeFunctions.isoTime,
    },
    isTTY ? readable(destination) : json,
  );
}

/** Written at once, so that the last line before an exit is not lost. */
function readable(destination: number | NodeJS.WritableStream) {
  return pretty({ destination, sync: true, colorize: true, translateTime: 'SYS:HH:MM:ss.l', singleLine: true });
}

/** Calls `leave` once the last line is written, or soon where nobody reads it: an exit at once would lose it. */
export function afterLastLine(log: Logger, leave: () => void): void {
  const stream: unknown = Reflect.get(log, pino.symbols.streamSym);
  if (!(stream instanceof EventEmitter) || Reflect.get(stream, 'sync') !== false) {
    leave();
    return;
  }
  stream.once('drain', leave);
  setTimeout(leave, lastLineMs);
}

/** What Node and libraries warn of becomes a log line, in place of text on standard error. */
export function logProcessWarnings(log: Logger): void {
  process.removeAllListeners('warning');
  process.on('warning', ({ name, message, stack }) =>
    log.warn({ warning: name, reason: message, stack }, 'process warning'),
  );
}

/** Names, labels and reasons come from clients, cameras and files. A stack trace keeps its lines. */
function plainFields(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [
      key,
      key === 'stack' ? plainLines(String(value)) : plainValue(value),
    ]),
  );
}

function plainValue(value: unknown): unknown {
  if (typeof value === 'string') return plainLine(value);
  if (Array.isArray(value)) return value.map(plainValue);
  if (value instanceof Error) {
    const error = pino.stdSerializers.err(value);
    return { ...error, message: plainLine(error.message), stack: plainLines(error.stack) };
  }
  return value;
}
