import t from 'tap';
import type { ZoneMatchStrategy } from '../../src/detection/config.js';
import type { Box } from '../../src/detection/detection.js';
import { applyZones, parseConfigZones, parseZones, rescaleZones, type Zone } from '../../src/detection/zones.js';
import { at, labelsOf } from '../support/detections.js';

/** Corners, as an array of points. */
function rectangle(x1: number, y1: number, x2: number, y2: number): [number, number][] {
  return [
    [x1, y1],
    [x2, y1],
    [x2, y2],
    [x1, y2],
  ];
}

function zones(...wire: object[]): Zone[] {
  return parseZones(wire);
}

t.test('a zone of a request', async (t) => {
  const [zone] = zones({ name: 'drive', value: rectangle(0, 0, 9, 9), pattern: 'car', ignore_pattern: 'cart' });
  t.match(zone, { name: 'drive', points: rectangle(0, 0, 9, 9) });
  t.equal(zone?.pattern.source, 'car');
  t.equal(zone?.ignorePattern?.source, 'cart');
});

t.test('everything in a zone may be absent', async (t) => {
  const [zone] = zones({});
  t.match(zone, { name: '', points: [], ignorePattern: null });
  t.equal(zone?.pattern.source, '.*');
  t.equal(zones({ ignore_pattern: '' })[0]?.ignorePattern, null, 'an empty ignore pattern ignores nothing');
  t.strictSame(parseZones([]), []);
});

t.test('in a request value wins over points where the key exists', async (t) => {
  const [a, b] = [rectangle(0, 0, 1, 1), rectangle(5, 5, 6, 6)];
  t.strictSame(zones({ value: a, points: b })[0]?.points, a);
  t.strictSame(zones({ points: b })[0]?.points, b);
  t.strictSame(zones({ value: null, points: b })[0]?.points, []);
});

t.test('in a configuration points win over value unless they are empty', async (t) => {
  const [a, b] = [rectangle(0, 0, 1, 1), rectangle(5, 5, 6, 6)];
  t.strictSame(parseConfigZones([{ value: a, points: b }])[0]?.points, b);
  t.strictSame(parseConfigZones([{ value: a, points: [] }])[0]?.points, a);
  t.strictSame(parseConfigZones([{ value: a }])[0]?.points, a);
});

t.test('coordinates may be text, and may have a fraction', async (t) => {
  const value = [
    ['1', ' 2.5 '],
    [3.25, '-4'],
    ['5e1', 6],
  ];
  t.strictSame(zones({ value })[0]?.points, [
    [1, 2.5],
    [3.25, -4],
    [50, 6],
  ]);
});

t.test('what is no zone is refused with its place and value', async (t) => {
  const cases: [value: unknown, reason: string][] = [
    [5, 'expected an array for zones, got 5'],
    [null, 'expected an array for zones, got null'],
    [{}, 'expected an array for zones, got {}'],
    [['a'], 'expected an object for zone 0, got "a"'],
    [[{}, [1]], 'expected an object for zone 1, got [1]'],
    [[{ value: 7 }], 'expected an array of points for zone 0, got 7'],
    [[{ value: [[1, 2]] }], 'expected no points or at least 3 for zone 0, got [[1,2]]'],
    [[{ value: [[1], [2, 3], [4, 5]] }], 'expected [x, y] for point 0 of zone 0, got [1]'],
    [[{ value: [[1, 2], 'x', [4, 5]] }], 'expected [x, y] for point 1 of zone 0, got "x"'],
    [
      [
        {
          value: [
            [1, 2],
            [2, 'NaN'],
            [4, 5],
          ],
        },
      ],
      'expected [x, y] for point 1 of zone 0, got [2,"NaN"]',
    ],
    [
      [
        {
          value: [
            [1, 2],
            [2, null],
            [4, 5],
          ],
        },
      ],
      'expected [x, y] for point 1 of zone 0, got [2,null]',
    ],
    [
      [
        {
          value: [
            [1, 2],
            [2, ''],
            [4, 5],
          ],
        },
      ],
      'expected [x, y] for point 1 of zone 0, got [2,""]',
    ],
    [
      [
        {
          value: [
            [1, 2, 3],
            [2, 3],
            [4, 5],
          ],
        },
      ],
      'expected [x, y] for point 0 of zone 0, got [1,2,3]',
    ],
    [[{ pattern: 1 }], 'expected text or null for pattern of zone 0, got 1'],
    [[{ name: [] }], 'expected text or null for name of zone 0, got []'],
    [
      [
        {
          value: [
            [0, 0],
            [1e7, 0],
            [1, 1],
          ],
        },
      ],
      'expected [x, y] for point 1 of zone 0, got [10000000,0]',
    ],
    [
      new Array(6).fill({ value: new Array(999).fill([0, 0]) }),
      'expected at most 5000 points in all for zones, got 5994',
    ],
    [new Array(201).fill({}), 'expected at most 200 zones for zones, got 201'],
    [[{ value: new Array(1001).fill([0, 0]) }], 'expected at most 1000 points for zone 0, got 1001'],
  ];
  for (const [value, reason] of cases) {
    t.throws(() => parseZones(value), { code: 'ZONES_INVALID', message: `Invalid zones JSON: ${reason}` }, reason);
  }
  t.throws(
    () =>
      parseZones([
        {
          value: [
            [Number.POSITIVE_INFINITY, 0],
            [1, 1],
            [2, 2],
          ],
        },
      ]),
    { code: 'ZONES_INVALID' },
  );
  t.throws(() => parseZones([{ pattern: '(' }]), { code: 'PATTERN_INVALID' });
  t.throws(() => parseZones([{ ignore_pattern: '(' }]), { code: 'PATTERN_INVALID' });
});

t.test('corners under another name are refused with the name', async (t) => {
  const corners = rectangle(0, 0, 9, 9);
  const cases: [zone: object, key: string][] = [
    [{ name: 'drive', coords: corners }, 'coords'],
    [{ coords: '0,0 9,0 9,9' }, 'coords'],
    [{ Points: corners }, 'Points'],
    [{ point: corners }, 'point'],
    [{ values: corners }, 'values'],
    [{ polygon: [] }, 'polygon'],
    [{ coordinates: null }, 'coordinates'],
    [{ drive: '306,356 1003,341 1074,683' }, 'drive'],
    [{ p: corners.map(([x, y]) => ({ x, y })) }, 'p'],
  ];
  for (const [zone, key] of cases) {
    const message = new RegExp(`expected the corners of zone 0 under "value" or "points", got them under "${key}"`);
    t.throws(() => parseZones([zone]), { code: 'ZONES_INVALID', message });
    t.throws(() => parseConfigZones([zone]), { code: 'ZONES_INVALID', message });
  }
  t.strictSame(zones({ value: corners, coords: 'old', colour: 'red' })[0]?.points, corners, 'other keys pass');
  t.strictSame(zones({ name: 'empty', monitor: 3, labels: ['a', 'b', 'c'] })[0]?.points, []);
});

t.test('outlines that cross themselves too often are refused', async (t) => {
  const star = (corners: number) =>
    Array.from({ length: corners }, (_, index) => {
      const angle = (2 * Math.PI * ((index * (corners - 1)) / 2)) / corners;
      return [Math.round(1000 * Math.cos(angle)), Math.round(1000 * Math.sin(angle))];
    });
  t.doesNotThrow(() => zones({ value: star(31) }));
  const message = /zone 1 touches or crosses itself, more than 1000 times/;
  t.throws(() => zones({ value: star(31) }, { value: star(61) }), { code: 'ZONES_INVALID', message });
});

t.test('the largest overlap of outlines with 1,000 corners is found in steps that are counted', async (t) => {
  const ring = (radius: number) =>
    Array.from({ length: 1000 }, (_, index) => {
      const angle = (2 * Math.PI * index) / 1000;
      return [500 + radius * Math.cos(angle), 500 + radius * Math.sin(angle)];
    });
  const two = zones({ value: ring(300), pattern: 'car' }, { value: ring(400), pattern: 'person' });
  const boxes = Array.from({ length: 1000 }, (_, index) => at([index, 100, index + 50, 900], 'person'));
  t.ok(applyZones(boxes, two, 'largest_overlap').kept.length > 500);
  const many = Array.from({ length: 5001 }, () => person1);
  const message = /5001 detections and 2000 points are more than 10000000 comparisons: send fewer points/;
  t.throws(() => applyZones(many, two), { code: 'ZONES_INVALID', message });
});

const person1 = at([338, 175, 462, 425]);
const person2 = at([-19, 262, 31, 338]);
const car = at([100, 243, 151, 307], 'car');
const street = [person1, person2, car];

t.test('without zones everything is kept', async (t) => {
  t.strictSame(applyZones(street, []), { kept: street, errorBoxes: [] });
});

t.test('what touches no zone is rejected', async (t) => {
  const outcome = applyZones(street, zones({ value: rectangle(0, 0, 200, 600) }));
  t.strictSame(outcome, { kept: [person2, car], errorBoxes: [person1.box] });
});

t.test('what the pattern does not take is rejected', async (t) => {
  const outcome = applyZones(street, zones({ value: rectangle(0, 0, 800, 600), pattern: 'person' }));
  t.strictSame(outcome, { kept: [person1, person2], errorBoxes: [car.box] });
});

t.test('a zone without points rejects everything', async (t) => {
  t.strictSame(applyZones(street, zones({ value: [] })), { kept: [], errorBoxes: street.map(({ box }) => box) });
});

t.test('what one zone ignores another may keep', async (t) => {
  const all = rectangle(0, 0, 800, 600);
  const ignoring = { value: all, ignore_pattern: 'car' };
  t.strictSame(applyZones([car], zones(ignoring)).kept, []);
  t.strictSame(applyZones([car], zones(ignoring, { value: all })).kept, [car]);
});

t.test('which zone decides', async (t) => {
  // The box touches the people's zone with 10 columns and the cars' zone with 30.
  const two = zones(
    { name: 'people', value: rectangle(0, 0, 110, 100), pattern: 'person' },
    { name: 'cars', value: rectangle(110, 0, 300, 100), pattern: 'car' },
  );
  const box: Box = [100, 0, 140, 50];
  const kept = (strategy: ZoneMatchStrategy): string[] =>
    labelsOf(applyZones([at(box, 'person'), at(box, 'car'), at(box, 'dog')], two, strategy).kept);
  t.strictSame(kept('any_matching'), ['person', 'car']);
  t.strictSame(kept('first_intersecting'), ['person']);
  t.strictSame(kept('largest_overlap'), ['car']);
});

t.test('a rejection by the deciding zone is final', async (t) => {
  const excluding = { value: rectangle(0, 0, 100, 100), ignore_pattern: 'car' };
  const wide = { value: rectangle(0, 0, 800, 600) };
  const small = at([10, 10, 20, 20], 'car');
  t.strictSame(applyZones([small], zones(excluding, wide), 'any_matching').kept, [small]);
  t.strictSame(applyZones([small], zones(excluding, wide), 'first_intersecting').kept, []);
  t.strictSame(applyZones([small], zones(excluding, wide), 'largest_overlap').kept, [], 'of equal areas the earlier');
  t.strictSame(applyZones([small], zones(wide, excluding), 'largest_overlap').kept, [small]);
});

t.test('zones follow a picture that was resized, cut to whole pixels towards zero', async (t) => {
  const value = [
    [0, 0],
    [101, -3],
    [1919, 1079],
  ];
  const [zone] = rescaleZones(
    zones({ name: 'a', value, pattern: 'car' }),
    { width: 1920, height: 1080 },
    { width: 800, height: 450 },
  );
  t.strictSame(zone?.points, [
    [0, 0],
    [42, -1],
    [799, 449],
  ]);
  t.match(zone, { name: 'a', pattern: { source: 'car' } });
  t.ok(
    Object.is(
      rescaleZones(
        zones({
          value: [
            [-1, 0],
            [9, 0],
            [9, 9],
          ],
        }),
        { width: 4, height: 4 },
        { width: 2, height: 2 },
      )[0]?.points[0]?.[0],
      0,
    ),
  );
});

t.test('zones of a picture that keeps its size are left alone, with their fractions', async (t) => {
  const size = { width: 640, height: 480 };
  const value = [
    [0.5, 0],
    [9, 0],
    [9, 9],
  ];
  t.strictSame(rescaleZones(zones({ value }), size, size)[0]?.points, value);
});
