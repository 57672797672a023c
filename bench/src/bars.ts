/** What the daemon has to reach, measured beside the limit and the reference in interleaved rounds. */
import { type LimitRow, measureLimit, type Sweep, sweep } from './limit.js';
import { type Bench, measure, type Row, statusCounts, type Workload } from './measure.js';
import type { Options } from './options.js';
import { type Overload, overload } from './overload.js';
import type { Model, Prepared } from './prepare.js';
import { residentMib } from './process-stats.js';
import { interleaved } from './rounds.js';
import { median } from './stats.js';
import { startDaemon, startPyzm, type Subject } from './subjects.js';

/** One row a round; the rows of one round belong together. */
export interface ModelRun {
  readonly model: string;
  readonly sweep: Sweep;
  /** Several clients. */
  readonly detect: readonly Row[];
  /** One client. */
  readonly single: readonly Row[];
  /** One client, 16 frames a request. */
  readonly urls: readonly Row[];
  /** As many clients. */
  readonly pyzm: readonly Row[];
  readonly limit: readonly LimitRow[];
  /** The quickest run. */
  readonly quickest: readonly LimitRow[];
}

/** A server that has just been started, under many clients. */
export interface Memory {
  readonly subject: Subject['name'];
  readonly clients: number;
  readonly idleMib: number;
  readonly peakResidentMib: number;
  readonly statuses: Readonly<Record<string, number>>;
}

export interface BarsRun {
  readonly models: readonly ModelRun[];
  /** Models that are only reported, and could not be measured. */
  readonly failures: readonly { readonly model: string; readonly reason: string }[];
  readonly memory: readonly Memory[];
  readonly overload: Overload;
}

const one: Workload = { route: 'detect', picture: 'jpeg1080', clients: 1 };
const urls: Workload = { ...one, route: 'detect_urls' };
const manyClients = 64;

/** Errors: the first model, or pyzm.serve with it, could not be measured. */
export async function runBars(bench: Bench, options: Options, { models, python }: Prepared): Promise<BarsRun> {
  const [first, ...others] = models;
  if (first === undefined) throw new Error('there is no model');
  const judged = await runJudged(bench, options, first, python);
  const runs = [judged.run];
  const failures: BarsRun['failures'][number][] = [];
  for (const model of others) {
    try {
      runs.push(await runReported(bench, options, model));
    } catch (error) {
      // What has been measured so far is worth more than an end.
      const reason = error instanceof Error ? error.message : String(error);
      console.log(`  ${model.name} could not be measured: ${reason}`);
      failures.push({ model: model.name, reason });
    }
  }
  return { models: runs, failures, memory: judged.memory, overload: judged.overload };
}

async function runJudged(bench: Bench, options: Options, model: Model, python: string | undefined) {
  console.log(`\n${model.name}`);
  const daemon = await startDaemon(options, model);
  let pyzm: Subject | undefined;
  try {
    pyzm = python === undefined ? undefined : await startPyzm(python, options, model);
    const memory: Memory[] = [];
    // First, while nothing has been measured on these processes.
    for (const subject of pyzm === undefined ? [daemon] : [daemon, pyzm]) {
      memory.push(await underManyClients(bench, subject, options.quick ? 4 : manyClients));
    }
    const run = await roundsOf(bench, options, model, daemon, pyzm);
    const capacity = median(run.detect.map(({ imagesPerSecond }) => imagesPerSecond));
    return { run, memory, overload: await overload(bench, daemon, capacity, options.overloadSeconds) };
  } finally {
    await pyzm?.stop();
    await daemon.stop();
  }
}

async function runReported(bench: Bench, options: Options, model: Model): Promise<ModelRun> {
  console.log(`\n${model.name}`);
  const daemon = await startDaemon(options, model);
  try {
    return await roundsOf(bench, options, model, daemon, undefined);
  } finally {
    await daemon.stop();
  }
}

async function roundsOf(
  bench: Bench,
  options: Options,
  model: Model,
  daemon: Subject,
  pyzm: Subject | undefined,
): Promise<ModelRun> {
  const { device, seconds, rounds, clients } = options;
  const { weights } = model.entry;
  const several: Workload = { ...one, clients: Math.max(...clients) };
  const swept = await sweep(weights, device, seconds / 2, batchesFor(model, device));
  const rate = Math.max(...swept.rows.map(({ imagesPerSecond }) => imagesPerSecond));
  const rows = await interleaved<Row | LimitRow>(
    rounds,
    {
      urls: () => measure(bench, daemon, urls, rate),
      limit: () => measureLimit(weights, swept.best, device, seconds),
      detect: () => measure(bench, daemon, several, rate),
      ...(pyzm !== undefined && { pyzm: () => measure(bench, pyzm, several, rate) }),
      single: () => measure(bench, daemon, one, rate),
      quickest: () => measureLimit(weights, swept.quickest, device, seconds),
    },
    (round, name, { imagesPerSecond, p50Ms, stolen }) =>
      console.log(
        `  round ${round + 1} ${name.padEnd(8)} ${imagesPerSecond.toFixed(2).padStart(8)} images/s, ` +
          `p50 ${p50Ms.toFixed(1)} ms, stolen ${(100 * stolen).toFixed(0)} %`,
      ),
  );
  const of = <T>(name: string) => (rows[name] ?? []) as T[];
  return {
    model: model.name,
    sweep: swept,
    detect: of<Row>('detect'),
    single: of<Row>('single'),
    urls: of<Row>('urls'),
    pyzm: of<Row>('pyzm'),
    limit: of<LimitRow>('limit'),
    quickest: of<LimitRow>('quickest'),
  };
}

/** A GPU is fed in batches where the model takes them. */
export function batchesFor({ name }: Model, device: 'cpu' | 'gpu'): number[] {
  return device === 'gpu' && name.includes('dynbatch') ? [1, 2, 4, 8, 16, 32] : [1];
}

async function underManyClients(bench: Bench, subject: Subject, clients: number): Promise<Memory> {
  const idleMib = residentMib(subject.pid).now;
  const requests = subject.uploads(bench.pictures.jpeg1080);
  const load = { kind: 'each', clients, times: 2 } as const;
  const report = await bench.generator.run({ port: subject.port, requests, load, watch: {} });
  const { peak } = residentMib(subject.pid);
  const memory = { subject: subject.name, clients, idleMib, peakResidentMib: peak, statuses: statusCounts(report) };
  console.log(
    `  ${subject.name} under ${clients} clients: ${idleMib.toFixed(0)} MiB idle, ${peak.toFixed(0)} MiB peak`,
  );
  return memory;
}
