import type { Log, LogMethod } from '../log.js';
import { plainLine } from '../plain-line.js';

/** Warnings and errors as lines of text; the rest is dropped. */
const line: LogMethod = (first: object | string, message?: string): void => {
  const fields = typeof first === 'string' ? '' : ` ${JSON.stringify(first)}`;
  const text = typeof first === 'string' ? first : (message ?? '');
  process.stderr.write(`zmdetect: ${plainLine(`${text}${fields}`)}\n`);
};
const nothing: LogMethod = () => undefined;

export const standardErrorLog: Log = { debug: nothing, info: nothing, warn: line, error: line };
