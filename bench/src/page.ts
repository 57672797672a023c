/**
 * docs/performance.md: the parts between markers come from bench/results, the rest is written by hand.
 *
 *     node .build/bench/src/page.js [--check]    --check only says whether it is up to date (exit 1)
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

import { withParts } from '../../test/support/marked-parts.js';
import { circumstancesText } from './machine.js';
import { readResults, type Results } from './results.js';
import {
  barsGrid,
  cellsGrid,
  figuresGrid,
  type Grid,
  gpuGrid,
  markdown,
  soakGrid,
  stagesGrid,
  sweepGrid,
} from './text.js';

const page = 'docs/performance.md';
const none = 'There is no run on record.';

type Kind = Results['kind'];
type Of<K extends Kind> = Extract<Results, { kind: K }>;

/** The page with its generated parts made anew. */
export function pageText(text: string): string {
  const bars = read('bars', 'bars');
  const gpu = read('bars-gpu', 'bars');
  const table = read('table', 'table');
  const soak = read('soak', 'soak');
  return withParts(page, text, {
    bars: part(bars, (run) => [barsGrid(run.bars)]),
    figures: part(bars, (run) => [figuresGrid(run), stagesGrid(run)]),
    limit: part(bars, (run) => run.models.map(sweepGrid)),
    table: part(table, (run) => [cellsGrid(run.cells)]),
    soak: part(soak, (run) => [soakGrid(run)]),
    gpu: part(gpu, (run) => [barsGrid(run.bars), figuresGrid(run), gpuGrid(run), ...run.models.map(sweepGrid)]),
  });
}

function read<K extends Kind>(name: string, kind: K): Of<K> | undefined {
  const file = `bench/results/${name}`;
  if (!existsSync(`${file}.json`)) return undefined;
  const results = readResults(file);
  if (results.kind !== kind) throw new Error(`${file}.json is of the kind ${results.kind}, expected ${kind}`);
  return results as Of<K>;
}

function part<R extends Results>(results: R | undefined, grids: (results: R) => readonly (Grid | undefined)[]): string {
  if (results === undefined) return none;
  const tables = grids(results).flatMap((grid) => (grid === undefined ? [] : [markdown(grid)]));
  return [circumstancesText(results), ...tables].join('\n\n');
}

if (process.argv[1] === import.meta.filename) {
  const text = readFileSync(page, 'utf8');
  if (!process.argv.includes('--check')) writeFileSync(page, pageText(text));
  else if (pageText(text) !== text) {
    console.error(`${page} is out of date: run node .build/bench/src/page.js`);
    process.exitCode = 1;
  }
}
