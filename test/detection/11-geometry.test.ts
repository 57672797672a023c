import { readFileSync } from 'node:fs';
import t from 'tap';
import type { Box } from '../../src/detection/detection.js';
import {
  boxArea,
  boxesIntersect,
  boxOverlap,
  intersects,
  overlapArea,
  type Polygon,
} from '../../src/detection/geometry.js';
import { countSelfContacts } from '../../src/detection/rings.js';

const square: Polygon = [
  [10, 10],
  [20, 10],
  [20, 20],
  [10, 20],
];
const bowTie: Polygon = [
  [0, 0],
  [10, 10],
  [10, 0],
  [0, 10],
];
const pentagram: Polygon = [
  [30, 5],
  [44, 50],
  [6, 22],
  [54, 22],
  [16, 50],
];

t.test('a box intersects a polygon that it shares a point with', async (t) => {
  const cases: [name: string, box: Box, answer: boolean][] = [
    ['overlapping', [15, 15, 25, 25], true],
    ['box inside of the polygon', [12, 12, 14, 14], true],
    ['polygon inside of the box', [0, 0, 30, 30], true],
    ['touching an edge', [20, 12, 30, 14], true],
    ['touching a corner', [20, 20, 30, 30], true],
    ['beside it', [20.5, 12, 30, 14], false],
    ['across it without a corner inside', [0, 14, 30, 16], true],
    ['inverted', [14, 14, 12, 12], true],
    ['a point inside', [15, 15, 15, 15], true],
    ['a line across', [0, 15, 30, 15], true],
    ['a point outside', [9, 15, 9, 15], false],
  ];
  for (const [name, box, answer] of cases) t.equal(intersects(box, square), answer, name);
});

t.test('a box between the corners of a slanted polygon does not intersect it', async (t) => {
  const triangle: Polygon = [
    [0, 0],
    [100, 0],
    [0, 100],
  ];
  t.notOk(intersects([60, 60, 90, 90], triangle));
  t.ok(intersects([50, 50, 90, 90], triangle));
});

t.test('inside follows the even-odd rule where a polygon crosses itself', async (t) => {
  t.ok(intersects([1, 4, 2, 6], bowTie));
  t.notOk(intersects([4, 1, 6, 2], bowTie));
  t.notOk(intersects([29, 28, 31, 30], pentagram), 'the middle of a pentagram is outside');
  t.equal(overlapArea([0, 0, 10, 10], bowTie), 50);
});

t.test('a flat polygon is its line', async (t) => {
  const line: Polygon = [
    [0, 0],
    [10, 10],
    [5, 5],
  ];
  t.ok(intersects([4, 4, 6, 6], line));
  t.notOk(intersects([6, 0, 8, 2], line));
  t.equal(overlapArea([0, 0, 10, 10], line), 0);
});

t.test('a polygon without points shares nothing', async (t) => {
  t.notOk(intersects([0, 0, 10, 10], []));
  t.equal(overlapArea([0, 0, 10, 10], []), 0);
});

t.test('the common area is measured in square pixels', async (t) => {
  t.equal(overlapArea([15, 15, 25, 25], square), 25);
  t.equal(overlapArea([25, 25, 15, 15], square), 25);
  t.equal(overlapArea([0, 0, 30, 30], square), 100);
  t.equal(overlapArea([20, 10, 30, 20], square), 0);
});

t.test('polygons answer as Shapely does', async (t) => {
  const rows = JSON.parse(readFileSync('test/fixtures/zones-shapely.json', 'utf8')) as {
    polygon: [number, number][];
    box: [number, number, number, number];
    intersects: boolean;
    area: number;
  }[];
  t.ok(rows.length >= 300);
  for (const row of rows) {
    const area = overlapArea(row.box, row.polygon);
    if (intersects(row.box, row.polygon) !== row.intersects) t.fail('intersects', { row });
    // A polygon that crosses itself is cut where it crosses, on a grid of about a millionth of a pixel.
    if (Math.abs(area - row.area) > 1e-4) t.fail('area', { row, area });
  }
});

t.test('an outline of many corners is measured corner by corner', async (t) => {
  const teeth = Array.from({ length: 499 }, (_, index): [number, number][] => [
    [0, 2 * index],
    [100, 2 * index + 1],
  ]).flat();
  const comb: Polygon = [...teeth, [-10, 998], [-10, 0]];
  t.equal(countSelfContacts(comb, 1000), 0);
  // Triangles 100 wide and 2 high, and the back.
  t.ok(Math.abs(overlapArea([0, 0, 100, 996], comb) - 498 * 100) < 1e-6);
  t.ok(Math.abs(overlapArea([-10, 0, 0, 996], comb) - 9960) < 1e-6);
});

t.test('contacts of an outline with itself are counted, up to a limit', async (t) => {
  t.equal(countSelfContacts(square, 10), 0);
  t.equal(countSelfContacts([...square, [10, 10]], 10), 0, 'closed by hand');
  t.equal(countSelfContacts(bowTie, 10), 1);
  t.equal(countSelfContacts(pentagram, 10), 5);
  const line: Polygon = [
    [0, 0],
    [10, 10],
    [5, 5],
  ];
  t.ok(countSelfContacts(line, 10) > 0, 'back over itself');
  const star = Array.from({ length: 999 }, (_, index): [number, number] => {
    const angle = (2 * Math.PI * ((index * 499) % 999)) / 999;
    return [Math.round(1000 * Math.cos(angle)), Math.round(1000 * Math.sin(angle))];
  });
  t.equal(countSelfContacts(star, 1000), 1001, 'and no further');
});

t.test('two boxes', async (t) => {
  t.equal(boxArea([10, 20, 30, 50]), 600);
  t.equal(boxOverlap([0, 0, 10, 10], [5, 5, 20, 20]), 25);
  t.equal(boxOverlap([0, 0, 10, 10], [10, 10, 20, 20]), 0);
  t.equal(boxOverlap([0, 0, 10, 10], [11, 0, 20, 10]), null);
  t.ok(boxesIntersect([0, 0, 10, 10], [10, 10, 20, 20]), 'touching counts');
  t.notOk(boxesIntersect([0, 0, 10, 10], [0, 11, 10, 20]));
});
