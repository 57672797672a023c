/** The file of results: what was run on what, and every row that came back. */
import { readFileSync, writeFileSync } from 'node:fs';

import type { Circumstances } from '../../bench/src/machine.js';
import type { PictureRows } from './compare.js';
import type { Precision } from './models.js';

export interface ModelResult {
  readonly file: string;
  readonly emptyFirst: boolean;
  readonly precision: Precision;
  /** Why a server has no rows for this model; absent where it has. */
  readonly referenceFault?: string;
  readonly oursFault?: string;
  readonly pictures: readonly PictureRows[];
}

export interface Results extends Circumstances {
  readonly models: readonly ModelResult[];
}

export const resultsFile = 'bench/results/parity.json';

export function readResults(): Results {
  return JSON.parse(readFileSync(resultsFile, 'utf8')) as Results;
}

/** JSON with one line for each picture, so that a difference between two runs can be read. */
export function writeResults({ models, ...head }: Results): void {
  const modelText = ({ pictures, ...model }: ModelResult) => {
    const rows = pictures.map((row) => `\n      ${JSON.stringify(row)}`).join(',');
    return `\n    ${JSON.stringify(model).slice(0, -1)}, "pictures": [${rows}]}`;
  };
  const start = JSON.stringify(head, undefined, 2).slice(0, -2);
  writeFileSync(resultsFile, `${start},\n  "models": [${models.map(modelText).join(',')}]\n}\n`);
}
