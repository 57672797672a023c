import t from 'tap';

import { misses, type Row, summarise, type Tolerance } from './compare.js';

const tolerance: Tolerance = { sameLabels: 1, identicalBoxes: 0.99, pixels: 1, confidence: 1e-4, quietPixels: 0 };
const dog: Row = ['dog', 0.9, 10, 10, 110, 110];
const cat: Row = ['cat', 0.8, 200, 10, 300, 110];

function one(reference: readonly Row[], ours: readonly Row[]) {
  return summarise([{ picture: 'a.jpg', reference, ours }], tolerance);
}

function missesOf(reference: readonly Row[], ours: readonly Row[]) {
  return misses(one(reference, ours), tolerance);
}

t.test('equal answers differ in nothing and miss nothing', async (t) => {
  const summary = one([dog, cat], [dog, cat]);
  t.match(summary, { pictures: 1, sameLabels: 1, pairs: 2, identicalBoxes: 2, maxPixels: 0, maxConfidence: 0 });
  t.strictSame(summary.differences, []);
  t.strictSame(misses(summary, tolerance), []);
});

t.test('a box of one pixel more is counted, named, and too much when it is one of two', async (t) => {
  const wider: Row = ['dog', 0.9, 10, 10, 111, 110];
  const summary = one([dog, cat], [wider, cat]);
  t.match(summary, { identicalBoxes: 1, pairs: 2, maxPixels: 1, sameLabels: 1 });
  t.strictSame(summary.differences, [
    'a.jpg: box off by 1 px, dog 0.9000 [10, 10, 110, 110]; ours dog 0.9000 [10, 10, 111, 110]',
  ]);
  t.strictSame(misses(summary, tolerance), ['1 of 2 boxes']);
});

t.test('one box in a hundred may be off by one pixel, none by two', async (t) => {
  const row = (i: number, right: number): Row => ['dog', 0.9, 200 * i, 0, 200 * i + right, 100];
  const many = Array.from({ length: 100 }, (_, i) => row(i, 100));
  t.strictSame(missesOf(many, [row(0, 101), ...many.slice(1)]), []);
  t.strictSame(missesOf(many, [row(0, 102), ...many.slice(1)]), ['a box off by 2 px']);
});

t.test('a confidence may be off by less than the tolerance', async (t) => {
  t.strictSame(missesOf([dog], [['dog', 0.90009, 10, 10, 110, 110]]), []);
  t.strictSame(missesOf([dog], [['dog', 0.9002, 10, 10, 110, 110]]), ['a confidence off by 2.0e-4']);
});

t.test('labels are compared in order', async (t) => {
  const summary = one([dog, cat], [cat, dog]);
  t.equal(summary.sameLabels, 0);
  t.equal(summary.pairs, 2, 'boxes find each other all the same');
  t.strictSame(summary.differences, ['a.jpg: labels dog, cat; ours cat, dog']);
  t.strictSame(misses(summary, tolerance), ['labels of 1 of 1 pictures']);
});

t.test('a detection below 0.35 that one side lacks is named, and no miss', async (t) => {
  const summary = one([dog, ['cat', 0.31, 200, 10, 300, 110]], [dog]);
  t.strictSame(summary.differences, ['a.jpg: only the reference has cat 0.3100 [200, 10, 300, 110]']);
  t.strictSame(misses(summary, tolerance), []);
});

t.test('boxes with little in common are two detections', async (t) => {
  const elsewhere: Row = ['dog', 0.9, 90, 90, 190, 190];
  const summary = one([dog], [elsewhere]);
  t.equal(summary.pairs, 0);
  t.equal(summary.differences.length, 2);
});

t.test('each detection has one partner, the nearest', async (t) => {
  const beside: Row = ['dog', 0.7, 12, 10, 112, 110];
  t.match(one([dog, beside], [beside, dog]), { pairs: 2, identicalBoxes: 2 });
});

t.test('boxes of no area are alike where they are the same', async (t) => {
  const sliver: Row = ['dog', 0.9, 10, 10, 10, 110];
  t.match(one([sliver], [sliver]), { pairs: 1, identicalBoxes: 1 });
});

t.test('finding nothing anywhere proves nothing', async (t) => {
  t.strictSame(missesOf([], []), ['no detection to compare']);
});
