import t from 'tap';

import { readSamples } from '../../bench/src/gpu.js';
import { bestOfPasses, setups } from '../../bench/src/limit.js';
import { interleaved } from '../../bench/src/rounds.js';
import { judgeSoak, type Sample } from '../../bench/src/soak.js';

t.test('what is compared is measured in turn, every second round backwards', async (t) => {
  const order: string[] = [];
  const step = (name: string) => () => Promise.resolve(order.push(name));
  const rows = await interleaved(3, { a: step('a'), b: step('b') }, () => undefined);
  t.equal(order.join(''), 'abbaab');
  t.strictSame(rows, { a: [1, 4, 5], b: [2, 3, 6] });
});

t.test('the sweep of a machine with two processors tries every division of them', async (t) => {
  const tried = setups(2, 'cpu', [1]).map(({ threads, instances }) => `${instances}x${threads}`);
  t.strictSame([...new Set(tried)].sort(), ['1x1', '1x2', '2x1', '2x2']);
  t.equal(new Set(setups(2, 'cpu', [1]).map((setup) => JSON.stringify(setup))).size, tried.length, 'nothing twice');
  t.ok(setups(16, 'cpu', [1]).every(({ threads, instances }) => threads * instances <= 32));
  t.strictSame([...new Set(setups(16, 'gpu', [1, 8]).map(({ batch }) => batch))], [1, 8]);
});

function samples(residentMib: (minutes: number) => number, openFiles = 40): Sample[] {
  return Array.from({ length: 31 }, (_, minutes) => ({
    minutes,
    requests: minutes * 100,
    residentMib: residentMib(minutes),
    openFiles,
  }));
}

t.test('memory that fills at first and then stays is flat', async (t) => {
  const [resident, files] = judgeSoak(samples((minutes) => Math.min(200, 100 + 30 * minutes) + (minutes % 2)));
  t.match(resident, { what: 'resident MiB', flat: true });
  t.match(files, { what: 'open files', flat: true, perHour: 0 });
});

t.test('memory that grows by a little each minute is not', async (t) => {
  const [resident] = judgeSoak(samples((minutes) => 200 + minutes));
  t.match(resident, { flat: false });
  t.equal(Math.round(resident?.perHour ?? 0), 60);
});

t.test('samples of the GPU are averaged; a row that is cut is left out', async (t) => {
  t.strictSame(readSamples('10, 500\n30, 700\n9'), { utilisation: 20, memoryMib: 700, samples: 2 });
  t.throws(() => readSamples(''), /is there a GPU\?/);
});

t.test('the best of two passes stands for a setup', async (t) => {
  const setup = { threads: 1, instances: 1, spin: false, shared: false, batch: 1 };
  const row = (imagesPerSecond: number, more = {}) => ({
    ...setup,
    ...more,
    images: 10,
    imagesPerSecond,
    p50Ms: 1000 / imagesPerSecond,
    p95Ms: 200,
    p99Ms: 200,
    cpuSecondsPerImage: 0.1,
    stolen: 0,
  });
  const rows = [row(10), row(18, { threads: 2 }), row(12), row(9, { threads: 2 })];
  t.strictSame(
    bestOfPasses(rows).map(({ threads, imagesPerSecond }) => [threads, imagesPerSecond]),
    [
      [1, 12],
      [2, 18],
    ],
  );
});
