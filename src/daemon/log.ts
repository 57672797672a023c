/** Log lines: readable on a terminal, JSON otherwise. */
import { type Logger, pino } from 'pino';
import pretty from 'pino-pretty';

import type { LogLevel } from '../config/server-config.js';

export interface LogOutput {
  readonly isTTY: boolean;
  /** A file descriptor, or a stream in tests. */
  readonly destination: number | NodeJS.WritableStream;
}

const standardOutput: LogOutput = { isTTY: process.stdout.isTTY, destination: 1 };

export function createLog(level: LogLevel, { isTTY, destination }: LogOutput = standardOutput): Logger {
  const json = typeof destination === 'number' ? pino.destination(destination) : destination;
  return pino(
    {
      level,
      base: null,
      formatters: { level: (label) => ({ level: label }) },
      timestamp: pino.stdTimeFunctions.isoTime,
    },
    isTTY ? readable(destination) : json,
  );
}

/** Written at once, so that the last line before an exit is not lost. */
function readable(destination: number | NodeJS.WritableStream) {
  return pretty({ destination, sync: true, colorize: true, translateTime: 'SYS:HH:MM:ss.l', singleLine: true });
}

/** What Node and libraries warn of becomes a log line, in place of text on standard error. */
export function logProcessWarnings(log: Logger): void {
  process.removeAllListeners('warning');
  process.on('warning', ({ name, message, stack }) =>
    log.warn({ warning: name, reason: message, stack }, 'process warning'),
  );
}
