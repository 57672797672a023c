/** Log lines: readable on a terminal, JSON otherwise. */
import { type DestinationStream, type Logger, pino } from 'pino';
import pretty from 'pino-pretty';

import type { LogLevel } from '../config/server-config.js';

export function createLog(level: LogLevel): Logger {
  const destination: DestinationStream = process.stdout.isTTY
    ? pretty({ colorize: true, ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss.l', singleLine: true })
    : pino.destination(1);
  return pino(
    {
      level,
      base: null,
      formatters: { level: (label) => ({ level: label }) },
      timestamp: pino.stdTimeFunctions.isoTime,
    },
    destination,
  );
}
