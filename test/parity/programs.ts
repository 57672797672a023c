/** The reference and ours: how each is started, how each says that a model failed. */
import path from 'node:path';

import type { Program } from './server.js';

export function reference(python: string): Program {
  return { name: 'pyzm', command: [python, '-m', 'pyzm.serve'], faultIn: faultInTraceback };
}

/** From the same build as this file, so that what is measured is what was compiled. */
export function ours(build: string): Program {
  const daemon = path.join(build, 'src', 'cli', 'zmdetectd.js');
  return { name: 'zmdetect', command: [process.execPath, daemon], faultIn: faultInJson };
}

/** The exception at the end of the first traceback; OpenCV's go over several lines, of which the last names the error. */
export function faultInTraceback(log: string): string | undefined {
  const [, traceback] = log.split('Traceback (most recent call last):');
  if (traceback === undefined) return undefined;
  const lines = traceback.split('\n').filter((line) => line !== '' && !/^\s/.test(line));
  const end = lines.findIndex((line) => /^\d{4}-\d\d-\d\d |^INFO:/.test(line));
  return lines.slice(0, end < 0 ? undefined : end).join(' ');
}

/** The reason of the first line at level error. */
export function faultInJson(log: string): string | undefined {
  const line = log.split('\n').find((text) => text.startsWith('{"level":"error"'));
  if (line === undefined) return undefined;
  const { reason, msg } = JSON.parse(line) as { reason?: string; msg?: string };
  return reason ?? msg;
}
