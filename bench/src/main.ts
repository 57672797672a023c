/** The benchmark's command: measures, prints tables, writes the file of results. Exit status 2: usage, 1: it failed. */
import path from 'node:path';

import { CannotRun } from '../../test/parity/server.js';
import { runBars } from './bars.js';
import { Generator } from './load/driver.js';
import { circumstances } from './machine.js';
import type { Bench } from './measure.js';
import { HelpWanted, type Options, parseOptions, type PictureKind, UsageError } from './options.js';
import { prepare, type Prepared } from './prepare.js';
import { type Results, writeResults } from './results.js';
import { runSoak } from './soak.js';
import { FrameServer } from './subjects.js';
import { runTable } from './table.js';
import { barsGrid, cellsGrid, figuresGrid, gpuGrid, plain, soakGrid, stagesGrid, sweepGrid } from './text.js';
import { barsOf, reported } from './verdict.js';

async function main(words: readonly string[]): Promise<void> {
  const options = parseOptions(words);
  const prepared = await prepare(options);
  const head = circumstances(['npm run bench --', ...words].join(' '), prepared.python);
  const generator = new Generator();
  const servers: FrameServer[] = [];
  try {
    const frames: Partial<Record<PictureKind, FrameServer>> = {};
    for (const kind of Object.keys(prepared.pictures) as PictureKind[]) {
      const server = await FrameServer.start(prepared.pictures[kind]);
      servers.push(server);
      frames[kind] = server;
    }
    const bench: Bench = {
      generator,
      frames: frames as Bench['frames'],
      pictures: prepared.pictures,
      seconds: options.seconds,
      device: options.device,
    };
    const results: Results = { ...head, ...(await measured(bench, options, prepared)) };
    writeResults(options.results, results);
    console.log(`\n${text(results)}\n\n${path.relative('', options.results)}.json`);
    if (results.kind === 'bars' && results.failures.length > 0) process.exitCode = 1;
  } finally {
    generator.stop();
    for (const server of servers) server.stop();
  }
}

async function measured(bench: Bench, options: Options, prepared: Prepared) {
  switch (options.command) {
    case 'bars': {
      const run = await runBars(bench, options, prepared);
      // The embedded model is too small, and the time too short, to say anything of the daemon.
      return { kind: 'bars' as const, bars: options.quick ? reported(barsOf(run)) : barsOf(run), ...run };
    }
    case 'table':
      return { kind: 'table' as const, ...(await runTable(bench, options, prepared)) };
    case 'soak':
      return { kind: 'soak' as const, ...(await runSoak(bench, options, prepared)) };
  }
}

function text(results: Results): string {
  switch (results.kind) {
    case 'bars': {
      const sweeps = results.models.map(sweepGrid);
      const grids = [...sweeps, stagesGrid(results), gpuGrid(results), figuresGrid(results), barsGrid(results.bars)];
      return grids.flatMap((grid) => (grid === undefined ? [] : [plain(grid)])).join('\n\n');
    }
    case 'table':
      return [sweepGrid(results), cellsGrid(results.cells)].map(plain).join('\n\n');
    case 'soak':
      return plain(soakGrid(results));
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  if (error instanceof HelpWanted) {
    console.log(error.message);
    return;
  }
  console.error(error instanceof UsageError || error instanceof CannotRun ? error.message : error);
  process.exitCode = error instanceof UsageError ? 2 : 1;
});
