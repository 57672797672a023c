/** More requests than can be answered, at a fixed rate, each with a deadline; and GET /health meanwhile. */
import { Generator } from './load/driver.js';
import type { Answered } from './load/job.js';
import { get } from './load/request.js';
import { type Bench, statusCounts } from './measure.js';
import { residentMib } from './process-stats.js';
import { percentile } from './stats.js';
import type { Subject } from './subjects.js';

export const overloadFactor = 3;
export const deadlineMs = 2000;
const probesPerSecond = 20;
/** For what is still on its way after the last request. */
const graceSeconds = 5;

interface Latency {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export interface Overload {
  /** Images per second with 8 clients. */
  readonly capacity: number;
  readonly seconds: number;
  readonly offeredPerSecond: number;
  readonly deadlineMs: number;
  readonly statuses: Readonly<Record<string, number>>;
  /** Answers 200 within the deadline, counted from the moment at which the request was due. */
  readonly inTime: number;
  readonly inTimePerSecond: number;
  /** Answers 200 after it. */
  readonly late: number;
  /** Milliseconds of the answers other than 200; null: there were none. */
  readonly refusedMs: Latency | null;
  readonly refusedFromSentMs: Latency | null;
  readonly acceptedMs: Latency | null;
  readonly health: { readonly ms: Latency | null; readonly statuses: Readonly<Record<string, number>> };
  readonly peakResidentMib: number;
  readonly generatorCores: number;
  readonly stolen: number;
}

export async function overload(bench: Bench, subject: Subject, capacity: number, seconds: number): Promise<Overload> {
  const offeredPerSecond = overloadFactor * capacity;
  const requests = subject.uploads(bench.pictures.jpeg1080, { 'x-deadline-ms': String(deadlineMs) });
  const prober = new Generator();
  try {
    const [report, probes] = await Promise.all([
      bench.generator.run({
        port: subject.port,
        requests,
        load: { kind: 'open', perSecond: offeredPerSecond, seconds, graceSeconds },
        watch: {},
      }),
      prober.run({
        port: subject.port,
        requests: [get('/health')],
        load: { kind: 'open', perSecond: probesPerSecond, seconds, graceSeconds },
        watch: {},
      }),
    ]);
    const accepted = report.answers.filter(({ status }) => status === 200);
    const refused = report.answers.filter(({ status }) => status !== 200);
    const inTime = accepted.filter(({ ms }) => ms <= deadlineMs).length;
    return {
      capacity,
      seconds,
      offeredPerSecond,
      deadlineMs,
      statuses: statusCounts(report),
      inTime,
      inTimePerSecond: inTime / seconds,
      late: accepted.length - inTime,
      acceptedMs: latency(accepted, 'ms'),
      refusedMs: latency(refused, 'ms'),
      refusedFromSentMs: latency(refused, 'msFromSent'),
      health: { ms: latency(probes.answers, 'ms'), statuses: statusCounts(probes) },
      peakResidentMib: residentMib(subject.pid).peak,
      generatorCores: report.generatorCpuSeconds / report.seconds,
      stolen: report.stolen,
    };
  } finally {
    prober.stop();
  }
}

function latency(answers: readonly Answered[], key: 'ms' | 'msFromSent'): Latency | null {
  if (answers.length === 0) return null;
  const values = answers.map((answer) => answer[key]);
  return { p50: percentile(values, 0.5), p99: percentile(values, 0.99), max: Math.max(...values) };
}
