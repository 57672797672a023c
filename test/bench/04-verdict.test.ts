import t from 'tap';

import type { BarsRun, ModelRun } from '../../bench/src/bars.js';
import type { LimitRow } from '../../bench/src/limit.js';
import type { Row } from '../../bench/src/measure.js';
import { barsOf, reported } from '../../bench/src/verdict.js';

const setup = { threads: 1, instances: 2, spin: false, shared: true, batch: 1 };
const times = { images: 100, p50Ms: 100, p95Ms: 110, p99Ms: 120, stolen: 0 };
const limit: LimitRow = { ...setup, ...times, imagesPerSecond: 20, cpuSecondsPerImage: 0.1 };
const row: Row = {
  subject: 'zmdetect',
  route: 'detect',
  picture: 'jpeg1080',
  clients: 8,
  ...times,
  seconds: 5,
  imagesPerSecond: 19,
  cpuSecondsPerImage: 0.11,
  peakResidentMib: 200,
  statuses: { 200: 100 },
  generatorCores: 0.02,
  framesCores: 0,
  stages: null,
};
const model: ModelRun = {
  model: 'yolo11n.onnx',
  sweep: { rows: [limit], best: setup, quickest: setup },
  detect: [row],
  single: [row],
  urls: [row],
  pyzm: [{ ...row, subject: 'pyzm', imagesPerSecond: 6 }],
  limit: [limit],
  quickest: [limit],
};
const latency = { p50: 3, p99: 20, max: 40 };
const run: BarsRun = {
  models: [model],
  failures: [],
  memory: [
    { subject: 'zmdetect', clients: 64, idleMib: 100, peakResidentMib: 150, statuses: { 200: 128 } },
    { subject: 'pyzm', clients: 64, idleMib: 200, peakResidentMib: 300, statuses: { 200: 128 } },
  ],
  overload: {
    capacity: 20,
    seconds: 60,
    offeredPerSecond: 60,
    deadlineMs: 2000,
    statuses: { 200: 1140, 429: 2460 },
    inTime: 1140,
    inTimePerSecond: 19,
    late: 0,
    acceptedMs: { p50: 1800, p99: 1990, max: 1999 },
    refusedMs: latency,
    refusedFromSentMs: latency,
    health: { ms: { p50: 2, p99: 15, max: 30 }, statuses: { 200: 1200 } },
    peakResidentMib: 210,
    generatorCores: 0.1,
    stolen: 0,
  },
};

function judged(changed: BarsRun): (boolean | null)[] {
  return barsOf(changed).map(({ met }) => met);
}

t.test('a run that reaches everything meets every bar of the issue', async (t) => {
  t.strictSame(
    barsOf(run).map(({ bar, value, met }) => [bar, Number(value.toPrecision(3)), met]),
    [
      ['>= 0.9', 0.95, true],
      ['>= 0.9', 0.95, true],
      ['>= 2.5', 3.17, true],
      ['<= 1.2', 1, true],
      ['<= 0.12', 0.1, true],
      ['<= 0.6', 0.5, true],
      ['>= 0.9', 0.95, true],
      ['<= 50', 40, true],
      ['<= 20', 15, true],
    ],
  );
});

t.test('the median of the rounds is judged', async (t) => {
  const slow = { ...row, imagesPerSecond: 10 };
  const [detect] = barsOf({
    ...run,
    models: [{ ...model, detect: [row, slow, row], urls: [row], pyzm: [], limit: [limit, limit, limit] }].map(
      (one) => ({
        ...one,
        urls: one.detect,
      }),
    ),
  });
  t.match(detect, { value: 0.95, spread: { min: 0.5, max: 0.95 }, met: true });
});

t.test('an overloaded daemon may only refuse early, and with 429', async (t) => {
  const { overload } = run;
  const refusals = (changed: Partial<typeof overload>) => judged({ ...run, overload: { ...overload, ...changed } })[7];
  t.equal(refusals({ refusedMs: { ...latency, max: 51 } }), false, 'too late');
  t.equal(refusals({ statuses: { 200: 1140, 429: 2459, 503: 1 } }), false, 'another status');
  t.equal(refusals({ statuses: { 200: 1140, 429: 2459, 0: 1 } }), false, 'no answer');
  t.equal(refusals({ late: 1 }), false, 'accepted, and answered too late');
});

t.test('a probe that fails is no quick probe', async (t) => {
  const health = { ...run.overload.health, statuses: { 200: 1199, 0: 1 } };
  t.equal(judged({ ...run, overload: { ...run.overload, health } })[8], false);
});

t.test('further models are reported without a judgement', async (t) => {
  const bars = barsOf({ ...run, models: [model, { ...model, model: 'other.onnx', pyzm: [] }] });
  const others = bars.filter((bar) => bar.model === 'other.onnx');
  t.equal(others.length, 4);
  t.ok(others.every(({ bar, met }) => bar === null && met === null));
  t.ok(reported(bars).every(({ met }) => met === null));
});
