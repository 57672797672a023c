/** Every picture, route and number of clients, beside the limit and the reference. */
import { batchesFor } from './bars.js';
import { type LimitRow, measureLimit, sweep, type Sweep } from './limit.js';
import { type Bench, measure, type Row, type Workload } from './measure.js';
import type { Options } from './options.js';
import type { Prepared } from './prepare.js';
import { interleaved, type Steps } from './rounds.js';
import { startDaemon, startPyzm } from './subjects.js';

/** One row a round in each list. */
export interface Cell {
  readonly workload: Workload;
  readonly ours: readonly Row[];
  /** Empty where it is not measured. */
  readonly pyzm: readonly Row[];
  /** Of the same round and picture. */
  readonly limit: readonly LimitRow[];
}

export interface TableRun {
  readonly model: string;
  readonly sweep: Sweep;
  readonly cells: readonly Cell[];
}

export async function runTable(bench: Bench, options: Options, { models, python }: Prepared): Promise<TableRun> {
  const [model] = models;
  if (model === undefined) throw new Error('there is no model');
  const { device, seconds } = options;
  const { weights } = model.entry;
  const daemon = await startDaemon(options, model);
  const pyzm = python === undefined ? undefined : await startPyzm(python, options, model);
  try {
    const swept = await sweep(weights, device, seconds, batchesFor(model, device));
    const rate = Math.max(...swept.rows.map(({ imagesPerSecond }) => imagesPerSecond));
    const workloads = options.pictures.flatMap((picture) =>
      options.routes.flatMap((route) => options.clients.map((clients): Workload => ({ route, picture, clients }))),
    );
    const steps: Record<string, () => Promise<Row | LimitRow>> = {};
    for (const workload of workloads) {
      const name = nameOf(workload);
      steps[limitOf(workload)] = () => measureLimit(weights, swept.best, device, seconds);
      steps[name] = () => measure(bench, daemon, workload, rate);
      // Frames by URL: its rate does not depend on the clients, and many take minutes.
      if (pyzm !== undefined && (workload.route === 'detect' || workload.clients === 1)) {
        steps[`${name}, pyzm`] = () => measure(bench, pyzm, workload, rate);
      }
    }
    const rows = await interleaved(options.rounds, steps satisfies Steps<Row | LimitRow>, (round, name, row) =>
      console.log(`  round ${round + 1} ${name.padEnd(36)} ${row.imagesPerSecond.toFixed(2).padStart(8)} images/s`),
    );
    const cells = workloads.map((workload) => ({
      workload,
      ours: (rows[nameOf(workload)] ?? []) as Row[],
      pyzm: (rows[`${nameOf(workload)}, pyzm`] ?? []) as Row[],
      limit: (rows[limitOf(workload)] ?? []) as LimitRow[],
    }));
    return { model: model.name, sweep: swept, cells };
  } finally {
    await pyzm?.stop();
    await daemon.stop();
  }
}

function nameOf({ picture, route, clients }: Workload): string {
  return `${picture} ${route}, ${clients} clients`;
}

function limitOf({ picture }: Workload): string {
  return `${picture} limit`;
}
