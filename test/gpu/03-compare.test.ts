import t from 'tap';

import { compare, type Found } from '../../src/gpu/compare.js';
import { imagesPerSecond } from '../../src/gpu/throughput.js';

const dog: Found = { label: 'dog', confidence: 0.9, box: [10, 10, 110, 110] };
const cat: Found = { ...dog, label: 'cat' };

t.test('the largest differences of pairs are told', async (t) => {
  const moved: Found = { label: 'dog', confidence: 0.88, box: [10, 11, 112, 110] };
  const { max_box_difference, max_confidence_difference, ...rest } = compare([dog], [moved], 0.25);
  t.strictSame(rest, { labels_equal: true, only_cpu: [], only_gpu: [] });
  t.equal(max_box_difference, 2);
  t.ok(Math.abs(max_confidence_difference - 0.02) < 1e-9);
});

t.test('another label in the same place is no pair', async (t) => {
  t.match(compare([dog], [cat], 0.25), { labels_equal: false, only_cpu: [dog], only_gpu: [cat] });
});

t.test('the same label elsewhere is no pair', async (t) => {
  t.equal(compare([dog], [{ ...dog, box: [300, 10, 400, 110] }], 0.25).labels_equal, false);
});

t.test('each detection has one pair, whatever the order', async (t) => {
  const second: Found = { ...dog, box: [60, 10, 160, 110] };
  t.match(compare([dog, second], [second, dog], 0.25), { labels_equal: true, max_box_difference: 0 });
  t.match(compare([dog, dog], [dog], 0.25), { labels_equal: false, only_cpu: [dog] });
});

t.test('a detection on the threshold may be missing', async (t) => {
  const faint: Found = { ...dog, confidence: 0.26 };
  t.match(compare([faint], [], 0.25), { labels_equal: true, only_cpu: [faint] });
});

t.test('nothing on both sides is equal', async (t) => {
  t.match(compare([], [], 0.25), { labels_equal: true, max_box_difference: 0, max_confidence_difference: 0 });
});

t.test('so many runs are in flight as asked for', async (t) => {
  let inFlight = 0;
  let most = 0;
  const run = async () => {
    most = Math.max(most, ++inFlight);
    await new Promise((resolve) => setTimeout(resolve, 5));
    inFlight -= 1;
  };
  const rate = await imagesPerSecond(run, ['a', 'b'], 4, 0.05);
  t.equal(most, 4);
  t.ok(rate > 0);
});
