/** The limit: ONNX Runtime alone on the same model, its input in memory; see native/ort_limit.cc. */
import { execFile } from 'node:child_process';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

import { machineTimes, stolenShare } from './process-stats.js';

export interface LimitSetup {
  /** Threads inside one run. */
  readonly threads: number;
  /** Runs at once. */
  readonly instances: number;
  /** Threads wait by spinning. */
  readonly spin: boolean;
  /** One session for all instances. */
  readonly shared: boolean;
  readonly batch: number;
}

export interface LimitRow extends LimitSetup {
  readonly images: number;
  readonly imagesPerSecond: number;
  /** Of one run. */
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly cpuSecondsPerImage: number;
  readonly stolen: number;
}

export interface Sweep {
  readonly rows: readonly LimitRow[];
  /** The most images per second. */
  readonly best: LimitSetup;
  /** The quickest run of all: one instance, one picture. */
  readonly quickest: LimitSetup;
}

export type Device = 'cpu' | 'gpu';

const run = promisify(execFile);

export async function measureLimit(
  weights: string,
  setup: LimitSetup,
  device: Device,
  seconds: number,
): Promise<LimitRow> {
  const { threads, instances, spin, shared, batch } = setup;
  const values = { threads, instances, spin, shared, batch, cuda: device === 'gpu', seconds };
  const words = Object.entries(values).flatMap(([name, value]) => [`--${name}`, String(Number(value))]);
  const from = machineTimes();
  const { stdout } = await run(path.resolve('bench/build/ort_limit'), [weights, ...words]);
  const row = JSON.parse(stdout) as Omit<LimitRow, keyof LimitSetup | 'stolen'>;
  return { ...setup, ...row, stolen: stolenShare(from, machineTimes()) };
}

/** How often each setup is measured: a neighbour that takes the processor for seconds must not choose the best. */
const passes = 2;

/** Measures every setup and names the best. */
export async function sweep(
  weights: string,
  device: Device,
  seconds: number,
  batches: readonly number[],
): Promise<Sweep> {
  const rows: LimitRow[] = [];
  for (let pass = 0; pass < passes; pass += 1) {
    for (const setup of setups(os.availableParallelism(), device, batches)) {
      rows.push(await measureLimit(weights, setup, device, seconds));
    }
  }
  const singles = rows.filter(({ instances, batch }) => instances === 1 && batch === 1);
  return {
    rows,
    best: setupOf(best(rows, (a, b) => b.imagesPerSecond - a.imagesPerSecond)),
    quickest: setupOf(best(singles, (a, b) => a.p50Ms - b.p50Ms)),
  };
}

/** The better row of each setup. */
export function bestOfPasses(rows: readonly LimitRow[]): LimitRow[] {
  const kept = new Map<string, LimitRow>();
  for (const row of rows) {
    const key = JSON.stringify(setupOf(row));
    const other = kept.get(key);
    if (other === undefined || row.imagesPerSecond > other.imagesPerSecond) kept.set(key, row);
  }
  return [...kept.values()];
}

/**
 * What is worth a try on a machine of `cores` processors: threads times instances up to twice the processors, spinning
 * where a run has several threads and each a processor, one session or several where there are several instances. On a
 * GPU the CPU's threads matter little.
 */
export function setups(cores: number, device: Device, batches: readonly number[]): LimitSetup[] {
  const one = { threads: 1, instances: 1, spin: false, shared: false, batch: 1 };
  if (device === 'gpu') {
    return batches.flatMap((batch) => [1, 2].map((instances) => ({ ...one, instances, shared: instances > 1, batch })));
  }
  const counts = steps(cores);
  return counts.flatMap((threads) =>
    counts
      .filter((instances) => threads * instances <= 2 * cores)
      .flatMap((instances) =>
        // Threads that spin for want of a processor only take it from those that have work.
        (threads > 1 && threads * instances <= cores ? [false, true] : [false]).flatMap((spin) =>
          (instances > 1 ? [false, true] : [false]).map((shared) => ({ ...one, threads, instances, spin, shared })),
        ),
      ),
  );
}

/** 1, 2, 4, ... and the number itself. */
function steps(cores: number): number[] {
  const counts: number[] = [];
  for (let count = 1; count < cores; count *= 2) counts.push(count);
  return [...counts, cores];
}

function best(rows: readonly LimitRow[], order: (a: LimitRow, b: LimitRow) => number): LimitRow {
  const [first] = [...rows].sort(order);
  if (first === undefined) throw new Error('a sweep needs at least one setup');
  return first;
}

function setupOf({ threads, instances, spin, shared, batch }: LimitSetup): LimitSetup {
  return { threads, instances, spin, shared, batch };
}
