/** Results as tables: on a terminal, and in Markdown. */
import type { BarsRun } from './bars.js';
import { bestOfPasses, type LimitRow, type Sweep } from './limit.js';
import type { Row } from './measure.js';
import type { SoakRun } from './soak.js';
import { median, ratios, spread } from './stats.js';
import type { Cell } from './table.js';
import type { Bar } from './verdict.js';

export type Grid = readonly (readonly string[])[];

/** The first row is the head. */
export function plain(grid: Grid): string {
  const widths = (grid[0] ?? []).map((_, column) => Math.max(...grid.map((row) => row[column]?.length ?? 0)));
  return grid
    .map((row) =>
      row
        .map((text, column) => text.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

export function markdown(grid: Grid): string {
  const [head = [], ...rows] = grid.map((row) => row.map((text) => text.replaceAll('|', '\\|')));
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

export function barsGrid(bars: readonly Bar[]): Grid {
  const rows = bars.map(({ model, what, bar, value, unit, spread: range, met, note }) => [
    model,
    what,
    bar === null ? 'reported' : `${bar}${suffix(unit)}`,
    `${number(value)}${suffix(unit)}`,
    range === null ? '' : `${number(range.min)} to ${number(range.max)}`,
    met === null ? '' : met ? 'met' : 'not met',
    note ?? '',
  ]);
  return [['model', 'what', 'bar', 'median', 'min to max', '', ''], ...rows];
}

/** How much of the machine went elsewhere meanwhile. */
const shares = ['load generator, cores', 'frame server, cores', 'stolen'];

/** Absolute figures of the rounds, medians. */
export function figuresGrid({ models }: BarsRun): Grid {
  const head = ['model', 'what', 'images/s', 'p50 ms', 'p95 ms', 'p99 ms', 'CPU ms an image', 'peak MiB', ...shares];
  const rows = models.flatMap((run) => {
    const { threads, instances, spin, shared } = run.sweep.best;
    const one = run.sweep.quickest;
    const limit = `ONNX Runtime alone, ${setup(threads, instances, spin)}${shared ? ', one session' : ''}`;
    const lines: [string, readonly (Row | LimitRow)[]][] = [
      [`/detect, ${run.detect[0]?.clients} clients`, run.detect],
      ['/detect, one client', run.single],
      ['/detect_urls, 16 frames', run.urls],
      [`pyzm.serve, ${run.pyzm[0]?.clients} clients`, run.pyzm],
      [limit, run.limit],
      [`quickest run, ${setup(one.threads, one.instances, one.spin)}`, run.quickest],
    ];
    return lines.filter(([, of]) => of.length > 0).map(([what, of]) => [run.model, what, ...figures(of)]);
  });
  return [head, ...rows];
}

function setup(threads: number, instances: number, spin: boolean): string {
  return `${instances} x ${threads} thread${threads > 1 ? 's' : ''}${spin ? ', spinning' : ''}`;
}

function figures(rows: readonly (Row | LimitRow)[]): string[] {
  const middle = (of: (row: Row | LimitRow) => number) => number(median(rows.map(of)));
  const ours = (of: (row: Row) => number) => rows.map((row) => ('peakResidentMib' in row ? of(row) : NaN));
  return [
    middle((row) => row.imagesPerSecond),
    middle((row) => row.p50Ms),
    middle((row) => row.p95Ms),
    middle((row) => row.p99Ms),
    middle((row) => row.cpuSecondsPerImage * 1000),
    number(Math.max(...ours((row) => row.peakResidentMib))),
    number(median(ours((row) => row.generatorCores))),
    number(median(ours((row) => row.framesCores))),
    `${(100 * median(rows.map(({ stolen }) => stolen))).toFixed(0)} %`,
  ];
}

/** Every setup that was tried for the limit. */
export function sweepGrid({ model, sweep }: { readonly model: string; readonly sweep: Sweep }): Grid {
  const rows = bestOfPasses(sweep.rows).map(
    ({ threads, instances, spin, shared, batch, imagesPerSecond, p50Ms, cpuSecondsPerImage }) => [
      model,
      setup(threads, instances, spin),
      instances === 1 ? '' : shared ? 'one' : 'each its own',
      String(batch),
      number(imagesPerSecond),
      number(p50Ms),
      number(cpuSecondsPerImage * 1000),
    ],
  );
  return [['model', 'instances x threads', 'session', 'batch', 'images/s', 'p50 ms', 'CPU ms an image'], ...rows];
}

/** Batch sizes and use of the GPU, where there was one. */
export function gpuGrid({ models }: BarsRun): Grid | undefined {
  const rows = models.flatMap(({ model, detect, urls }) =>
    [...detect, ...urls].flatMap(({ route, gpu, batches }) =>
      gpu === undefined
        ? []
        : [
            [
              model,
              `/${route}`,
              number(gpu.utilisation),
              number(gpu.memoryMib),
              Object.entries(batches ?? {})
                .map(([size, count]) => `${size}: ${count}`)
                .join(', '),
            ],
          ],
    ),
  );
  return rows.length === 0
    ? undefined
    : [['model', 'route', 'GPU %', 'GPU MiB', 'pictures by batch size up to'], ...rows];
}

/** Mean milliseconds of each stage, medians of the rounds. */
export function stagesGrid({ models }: BarsRun): Grid | undefined {
  const names = [...new Set(models.flatMap(({ detect, urls }) => [...detect, ...urls].flatMap(stageNames)))];
  if (names.length === 0) return undefined;
  const rows = models.flatMap(({ model, detect, single, urls }) =>
    Object.entries({ '/detect': detect, '/detect, one client': single, '/detect_urls': urls }).map(([what, of]) => [
      model,
      what,
      ...names.map((name) => number(median(of.map(({ stages }) => stages?.[name] ?? NaN)))),
    ]),
  );
  return [['model', 'mean ms', ...names], ...rows];
}

function stageNames({ stages }: Row): string[] {
  return Object.keys(stages ?? {});
}

export function cellsGrid(cells: readonly Cell[]): Grid {
  const head = ['picture', 'route', 'clients', 'images/s', 'over the limit', 'over pyzm.serve'];
  const range = (values: readonly number[]) => {
    if (values.length === 0) return '';
    const { min, median: middle, max } = spread(values);
    return `${number(middle)} (${number(min)} to ${number(max)})`;
  };
  const speed = (rows: readonly { imagesPerSecond: number }[]) => rows.map((row) => row.imagesPerSecond);
  const rows = cells.map(({ workload: { picture, route, clients }, ours, pyzm, limit }) => [
    picture,
    `/${route}`,
    String(clients),
    ...figures(ours).slice(0, 1),
    range(ratios(speed(ours), speed(limit))),
    pyzm.length === 0 ? '' : range(ratios(speed(ours), speed(pyzm))),
    ...figures(ours).slice(1),
  ]);
  return [[...head, 'p50 ms', 'p95 ms', 'p99 ms', 'CPU ms an image', 'peak MiB', ...shares], ...rows];
}

export function soakGrid({ judged, statuses }: SoakRun): Grid {
  const rows = judged.map(({ what, first, last, perHour, flat }) => [
    what,
    number(first),
    number(last),
    number(perHour),
    flat ? 'flat' : 'grows',
  ]);
  const answers = Object.entries(statuses).map(([kind, count]) => [kind, String(count), '', '', '']);
  return [['what', 'after a fifth', 'at the end', 'for each hour', ''], ...rows, ...answers];
}

function suffix(unit: Bar['unit']): string {
  return unit === 'ms' ? ' ms' : unit;
}

export function number(value: number): string {
  if (!Number.isFinite(value)) return '-';
  const size = Math.abs(value);
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3);
}
