/** The bars, and whether a run meets them: pure. */
import type { BarsRun, ModelRun } from './bars.js';
import { median, ratios, spread, type Spread } from './stats.js';

export interface Bar {
  readonly model: string;
  readonly what: string;
  /** null: only reported. */
  readonly bar: string | null;
  readonly value: number;
  readonly unit: '' | 'x' | 'ms';
  /** Over the rounds; null: measured once. */
  readonly spread: Spread | null;
  readonly met: boolean | null;
  readonly note?: string;
}

type Test = { readonly atLeast: number } | { readonly atMost: number };

/** The first model is judged, the others are reported. */
export function barsOf({ models, memory, overload }: BarsRun): Bar[] {
  return models.flatMap((run, i) =>
    i === 0 ? [...ofRounds(run, true), ...ofMemory(run, memory), ...ofOverload(run, overload)] : ofRounds(run, false),
  );
}

/** The same figures without a judgement. */
export function reported(bars: readonly Bar[]): Bar[] {
  return bars.map((bar) => ({ ...bar, bar: null, met: null }));
}

function ofRounds(run: ModelRun, judged: boolean): Bar[] {
  const { detect, single, urls, pyzm, limit, quickest } = run;
  const clients = detect[0]?.clients;
  const speed = (rows: readonly { imagesPerSecond: number }[]) => rows.map((row) => row.imagesPerSecond);
  const p50 = (rows: readonly { p50Ms: number }[]) => rows.map((row) => row.p50Ms);
  const cpu = (rows: readonly { cpuSecondsPerImage: number }[]) => rows.map((row) => row.cpuSecondsPerImage);
  const bar = (what: string, test: Test, values: readonly number[]) =>
    over(run.model, what, judged ? test : null, values);
  return [
    bar(`/detect, ${clients} clients: images/s over the limit`, { atLeast: 0.9 }, ratios(speed(detect), speed(limit))),
    bar('/detect_urls, 16 frames: images/s over the limit', { atLeast: 0.9 }, ratios(speed(urls), speed(limit))),
    ...(pyzm.length > 0
      ? [
          bar(
            `/detect, ${clients} clients: images/s over pyzm.serve`,
            { atLeast: 2.5 },
            ratios(speed(detect), speed(pyzm)),
          ),
        ]
      : []),
    bar('one client: p50 over the quickest run alone', { atMost: 1.2 }, ratios(p50(single), p50(quickest))),
    bar(
      'CPU outside inference over CPU of inference alone',
      { atMost: 0.12 },
      ratios(cpu(detect), cpu(limit)).map((ratio) => ratio - 1),
    ),
  ];
}

function over(model: string, what: string, test: Test | null, values: readonly number[]): Bar {
  const value = median(values);
  return { model, what, bar: textOf(test), value, unit: 'x', spread: spread(values), met: judge(test, value) };
}

function ofMemory({ model }: ModelRun, memory: BarsRun['memory']): Bar[] {
  const of = (name: string) => memory.find(({ subject }) => subject === name);
  const [ours, theirs] = [of('zmdetect'), of('pyzm')];
  if (ours === undefined || theirs === undefined) return [];
  const test = { atMost: 0.6 };
  const value = ours.peakResidentMib / theirs.peakResidentMib;
  const note = `${ours.peakResidentMib.toFixed(0)} over ${theirs.peakResidentMib.toFixed(0)} MiB`;
  const what = `peak resident size under ${ours.clients} clients, over pyzm.serve`;
  return [{ model, what, bar: textOf(test), value, unit: 'x', spread: null, met: judge(test, value), note }];
}

function ofOverload({ model }: ModelRun, overload: BarsRun['overload']): Bar[] {
  const { capacity, inTimePerSecond, late, refusedMs, refusedFromSentMs, statuses, health, seconds } = overload;
  const once = { model, spread: null };
  const answered = inTimePerSecond / capacity;
  const others = Object.keys(statuses).filter((status) => status !== '200');
  // Without a refusal there is nothing that came too late; but a late 200 is an answer that should have been a 429.
  const slowest = refusedMs?.max ?? 0;
  const counts = Object.entries(statuses).map(([status, count]) => `${count} x ${status === '0' ? 'none' : status}`);
  const fromSent =
    refusedFromSentMs === null ? '' : `, ${refusedFromSentMs.max.toFixed(0)} ms from the first byte sent`;
  const p99 = refusedMs === null ? '' : `, p99 ${refusedMs.p99.toFixed(0)} ms`;
  const probe = health.ms?.p99 ?? NaN;
  return [
    {
      ...once,
      what: `open loop at 3 x capacity, ${seconds} s: 200 within the deadline, over capacity`,
      bar: textOf({ atLeast: 0.9 }),
      value: answered,
      unit: 'x',
      met: answered >= 0.9,
      note: `${inTimePerSecond.toFixed(1)} of ${capacity.toFixed(1)} images/s`,
    },
    {
      ...once,
      what: 'every other answer: 429, and how late the last one is',
      bar: textOf({ atMost: 50 }),
      value: slowest,
      unit: 'ms',
      met: late === 0 && others.every((status) => status === '429') && slowest <= 50,
      note: `${counts.join(', ')}${late > 0 ? `, ${late} of the 200 too late` : ''}${p99}${fromSent}`,
    },
    {
      ...once,
      what: 'GET /health meanwhile, p99',
      bar: textOf({ atMost: 20 }),
      value: probe,
      unit: 'ms',
      met: probe <= 20 && Object.keys(health.statuses).every((status) => status === '200'),
      note: `max ${health.ms?.max.toFixed(0) ?? '-'} ms`,
    },
  ];
}

function textOf(test: Test | null): string | null {
  if (test === null) return null;
  return 'atLeast' in test ? `>= ${test.atLeast}` : `<= ${test.atMost}`;
}

function judge(test: Test | null, value: number): boolean | null {
  if (test === null) return null;
  return 'atLeast' in test ? value >= test.atLeast : value <= test.atMost;
}
