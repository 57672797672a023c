/** One measurement of one server: a row. */
import type { Gpu } from './gpu.js';
import { sampleGpu } from './gpu.js';
import type { Generator } from './load/driver.js';
import type { Report } from './load/job.js';
import { batchSizes, scrape, stageMs } from './metrics.js';
import type { PictureKind, RouteName } from './options.js';
import { residentMib } from './process-stats.js';
import { percentile } from './stats.js';
import type { FrameServer, Subject } from './subjects.js';

export interface Workload {
  readonly route: RouteName;
  readonly picture: PictureKind;
  readonly clients: number;
}

export interface Row extends Workload {
  readonly subject: Subject['name'];
  /** Answered with status 200 inside the window; of /detect_urls each frame counts. */
  readonly images: number;
  readonly seconds: number;
  readonly imagesPerSecond: number;
  /** Of one request. */
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly cpuSecondsPerImage: number;
  /** Most since the server began. */
  readonly peakResidentMib: number;
  /** Answers by status; 0: the connection ended without one. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Processors, on average, that the load generator and the frame server used. */
  readonly generatorCores: number;
  readonly framesCores: number;
  readonly stolen: number;
  /** Mean milliseconds of each stage; null: the server does not tell. */
  readonly stages: Readonly<Record<string, number>> | null;
  readonly gpu?: Gpu;
  /** Pictures by upper bound of the size of their batch. */
  readonly batches?: Readonly<Record<string, number>>;
}

export interface Bench {
  readonly generator: Generator;
  readonly frames: Readonly<Record<PictureKind, FrameServer>>;
  readonly pictures: Readonly<Record<PictureKind, readonly string[]>>;
  readonly seconds: number;
  readonly device: 'cpu' | 'gpu';
}

/** `rate`: images per second to expect, from which the number of requests to /detect_urls follows. */
export async function measure(bench: Bench, subject: Subject, workload: Workload, rate: number): Promise<Row> {
  const { route, picture, clients } = workload;
  const frames = bench.frames[picture];
  const files = bench.pictures[picture];
  const { requests, frames: perRequest } =
    route === 'detect'
      ? { requests: subject.uploads(files), frames: undefined }
      : subject.fetches(frames, files.length);
  const images = perRequest ?? 1;
  const before = subject.name === 'zmdetect' ? await scrape(subject.port) : undefined;
  const gpu = bench.device === 'gpu' ? sampleGpu() : undefined;
  const report = await bench.generator.run({
    port: subject.port,
    requests,
    load:
      images === 1
        ? { kind: 'closed', clients, warmupSeconds: bench.seconds / 5, seconds: bench.seconds }
        : { kind: 'each', clients, times: Math.max(1, Math.ceil((rate * bench.seconds) / images / clients)) },
    watch: { server: subject.pid, frames: frames.pid },
  });
  const after = before === undefined ? undefined : await scrape(subject.port);
  if (report.sample !== undefined) subject.check(report.sample, perRequest);
  return {
    subject: subject.name,
    ...workload,
    ...figures(report, images),
    peakResidentMib: residentMib(subject.pid).peak,
    stages: before === undefined || after === undefined ? null : stageMs(before, after),
    ...(gpu !== undefined && { gpu: gpu.stop() }),
    ...(gpu !== undefined && before !== undefined && after !== undefined && { batches: batchSizes(before, after) }),
  };
}

function figures(report: Report, imagesPerRequest: number) {
  const good = report.answers.filter(({ status }) => status === 200);
  const times = good.map(({ ms }) => ms);
  const images = good.length * imagesPerRequest;
  return {
    images,
    seconds: report.seconds,
    imagesPerSecond: images / report.seconds,
    p50Ms: percentile(times, 0.5),
    p95Ms: percentile(times, 0.95),
    p99Ms: percentile(times, 0.99),
    cpuSecondsPerImage: (report.cpuSeconds.server ?? NaN) / images,
    statuses: statusCounts(report),
    generatorCores: report.generatorCpuSeconds / report.seconds,
    framesCores: (report.cpuSeconds.frames ?? NaN) / report.seconds,
    stolen: report.stolen,
  };
}

export function statusCounts({ answers }: Report): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}
