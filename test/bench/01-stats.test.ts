import t from 'tap';

import { line, median, percentile, ratios, spread } from '../../bench/src/stats.js';

t.test('a percentile is a value that was measured, by nearest rank', async (t) => {
  const values = [50, 10, 40, 20, 30];
  t.equal(percentile(values, 0.5), 30);
  t.equal(percentile(values, 0.99), 50);
  t.equal(percentile(values, 0), 10);
  t.ok(Number.isNaN(percentile([], 0.5)));
});

t.test('the median of an even number lies between the two in the middle', async (t) => {
  t.equal(median([4, 1, 3, 2]), 2.5);
  t.equal(median([3, 1, 2]), 2);
});

t.test('each round is compared with its own partner', async (t) => {
  // The machine was half as fast in the second round: the ratio does not see it.
  t.strictSame(spread(ratios([18, 9], [20, 10])), { min: 0.9, median: 0.9, max: 0.9 });
  t.throws(() => ratios([1, 2], [1]), /2 rounds over 1/);
});

t.test('a straight line through points', async (t) => {
  t.strictSame(
    line([
      [0, 1],
      [1, 3],
      [2, 5],
    ]),
    { start: 1, slope: 2 },
  );
});
