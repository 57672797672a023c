import t from 'tap';
import { editDistance, nearest } from '../../src/config/nearest.js';

t.test('the distance counts insertions, deletions, substitutions and swaps of neighbours', async (t) => {
  for (const [a, b, distance] of [
    ['', '', 0],
    ['port', 'port', 0],
    ['', 'port', 4],
    ['port', '', 4],
    ['prt', 'port', 1],
    ['ports', 'port', 1],
    ['part', 'port', 1],
    ['prot', 'port', 1],
    ['kitten', 'sitting', 3],
    // No part is edited twice: the unrestricted distance would be 2.
    ['ca', 'abc', 3],
  ] as const) {
    t.equal(editDistance(a, b), distance, `${a} to ${b}`);
    t.equal(editDistance(b, a), distance, `${b} to ${a}`);
  }
});

t.test('the nearest words come first, and equally near ones in alphabetical order', async (t) => {
  t.strictSame(nearest('yolo11', ['yolov3', 'yolo11s', 'yolo11n', 'yolo26n'], 2), ['yolo11n', 'yolo11s']);
});

t.test('letter case, hyphens and underscores make no difference', async (t) => {
  t.strictSame(nearest('basePath', ['base_path', 'processor'], 1), ['base_path']);
  t.strictSame(nearest('base-path', ['base_path', 'processor'], 1), ['base_path']);
});

t.test('a word that another begins with is near', async (t) => {
  t.strictSame(nearest('ssd_mobilenet', ['ssd_mobilenet_v2_coco_quant', 'yolo11n'], 3), [
    'ssd_mobilenet_v2_coco_quant',
  ]);
});

t.test('words that have little in common are not near', async (t) => {
  t.strictSame(nearest('comment', ['host', 'port', 'models'], 3), []);
  t.strictSame(nearest('id', ['host', 'port'], 3), []);
  t.strictSame(nearest('', ['a'], 3), []);
});
