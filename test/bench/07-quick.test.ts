import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';

import { pageText } from '../../bench/src/page.js';
import type { Row } from '../../bench/src/measure.js';
import { readResults, type Results } from '../../bench/src/results.js';

type Bars = Extract<Results, { kind: 'bars' }>;

t.test('the page of figures says what the files of results say', async (t) => {
  const text = readFileSync('docs/performance.md', 'utf8');
  t.equal(pageText(text), text, 'make it anew: node .build/bench/src/page.js');
});

t.test('a quick run measures everything once', { timeout: 300_000 }, async (t) => {
  const results = path.join(t.testdir(), 'quick');
  const { stdout } = await promisify(execFile)(process.execPath, [
    '.build/bench/src/main.js',
    '--quick',
    '--results',
    results,
  ]);
  const run = readResults(results) as Bars;
  const [model] = run.models;
  t.match(run, { kind: 'bars', machine: { cores: Number }, versions: { commit: String, onnxruntime: String } });
  const rows: Row[] = [model?.detect, model?.single, model?.urls].flatMap((list) => list ?? []);
  t.equal(rows.length, 3, 'one round');
  for (const row of rows) {
    t.strictSame(Object.keys(row.statuses), ['200'], `${row.route} with ${row.clients}: every answer is good`);
    t.ok(row.imagesPerSecond > 0 && row.p50Ms > 0 && row.p99Ms >= row.p50Ms, 'it has figures');
    t.ok(row.cpuSecondsPerImage > 0 && row.peakResidentMib > 10, 'it has costs');
    t.ok(row.generatorCores < 1, 'the load generator has not taken a processor');
  }
  t.ok((model?.limit[0]?.imagesPerSecond ?? 0) > 0);
  t.equal(run.memory[0]?.statuses['200'], 8);
  t.ok(run.overload.inTime > 0);
  t.equal(
    Object.values(run.overload.statuses).reduce((sum, count) => sum + count, 0),
    Math.round(run.overload.offeredPerSecond * run.overload.seconds),
    'every request of the open loop is accounted for',
  );
  t.ok(
    run.bars.every(({ met, value }) => met === null && Number.isFinite(value)),
    'nothing is judged',
  );
  for (const what of ['/detect, 8 clients: images/s over the limit', 'GET /health meanwhile, p99']) {
    t.ok(stdout.includes(what), `the table has ${what}`);
  }
});
