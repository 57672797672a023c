/** Files of results: what was run on what, and every row that came back. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import type { BarsRun } from './bars.js';
import type { Circumstances } from './machine.js';
import type { SoakRun } from './soak.js';
import type { TableRun } from './table.js';
import type { Bar } from './verdict.js';

export type Results = Circumstances &
  (
    | ({ readonly kind: 'bars'; readonly bars: readonly Bar[] } & BarsRun)
    | ({ readonly kind: 'table' } & TableRun)
    | ({ readonly kind: 'soak' } & SoakRun)
  );

/** `file` without its ending. JSON with one line for each row, so that a difference between two runs can be read. */
export function writeResults(file: string, results: Results): void {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(`${file}.json`, `${lines(results, '')}\n`);
}

export function readResults(file: string): Results {
  return JSON.parse(readFileSync(`${file}.json`, 'utf8')) as Results;
}

function lines(value: unknown, indent: string): string {
  const inline = JSON.stringify(value, (_, one: unknown) => (typeof one === 'number' ? rounded(one) : one));
  if (inline.length < 100 || typeof value !== 'object' || value === null) return inline;
  const deeper = `${indent}  `;
  if (Array.isArray(value)) return `[\n${value.map((one) => deeper + row(one, deeper)).join(',\n')}\n${indent}]`;
  const entries = Object.entries(value).filter(([, one]) => one !== undefined);
  return `{\n${entries.map(([key, one]) => `${deeper}${JSON.stringify(key)}: ${lines(one, deeper)}`).join(',\n')}\n${indent}}`;
}

/** An item of a list: on one line, unless it holds lists itself. */
function row(value: unknown, indent: string): string {
  const holdsLists = typeof value === 'object' && value !== null && Object.values(value).some(Array.isArray);
  if (holdsLists) return lines(value, indent);
  return JSON.stringify(value, (_, one: unknown) => (typeof one === 'number' ? rounded(one) : one));
}

/** Six digits say enough. */
function rounded(value: number): number {
  return Number(value.toPrecision(6));
}
