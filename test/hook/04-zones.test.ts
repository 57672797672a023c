import t from 'tap';

import type { ZmZone } from '../../src/client/zoneminder/types.js';
import type { WrittenZone } from '../../src/hook/settings.js';
import { chooseZones } from '../../src/hook/zones.js';

const square = [
  [0, 0],
  [100, 0],
  [100, 100],
] as const;
const other = [
  [1, 1],
  [2, 1],
  [2, 2],
] as const;

const zm = (name: string, type = 'Active'): ZmZone => ({ id: 1, name, type, points: square });
const written = (name: string, more: Partial<WrittenZone> = {}): WrittenZone => ({
  name,
  points: null,
  pattern: null,
  ignorePattern: null,
  ...more,
});
const choose = (zones: WrittenZone[], imported: ZmZone[] | null, reason = '', onlyTriggeredZones = false) =>
  chooseZones({ zones, onlyTriggeredZones }, imported, reason);
const names = ({ zones }: ReturnType<typeof chooseZones>) => zones.map(({ name }) => name);

t.test('without import only the zones of the file count', async (t) => {
  const { zones } = choose([written('drive', { points: other, pattern: '(car)' })], null);
  t.strictSame(zones, [{ name: 'drive', points: other, pattern: '(car)', ignorePattern: null }]);
});

t.test("ZoneMinder's zones are taken with plain names, inactive ones left out", async (t) => {
  t.strictSame(names(choose([], [zm('Front Yard'), zm('Old', 'Inactive'), zm('Porch')])), ['front_yard', 'porch']);
});

t.test("patterns of the file go onto ZoneMinder's corners", async (t) => {
  const { zones, unmatched } = choose(
    [written('front_yard', { pattern: '(dog)', ignorePattern: '(cat)' })],
    [zm('Front Yard')],
  );
  t.strictSame(zones, [{ name: 'front_yard', points: square, pattern: '(dog)', ignorePattern: '(cat)' }]);
  t.strictSame(unmatched, []);
});

t.test('corners of the file win over those of the zone of the same name', async (t) => {
  const { zones } = choose([written('front_yard', { points: other })], [zm('Front Yard'), zm('Porch')]);
  t.match(zones, [
    { name: 'front_yard', points: other },
    { name: 'porch', points: square },
  ]);
  t.equal(zones.length, 2);
});

t.test('a zone without corners that fits none is named', async (t) => {
  t.strictSame(choose([written('nowhere')], [zm('Porch')]).unmatched, ['nowhere']);
});

t.test('with only_triggered_zm_zones the reason names the zones, as whole words in any case', async (t) => {
  const zones = [zm('Drive'), zm('Driveway'), zm('Backyard')];
  t.strictSame(names(choose([], zones, 'Motion: driveway, Backyard', true)), ['driveway', 'backyard']);
  t.strictSame(names(choose([], zones, 'Motion: driveway', false)), ['drive', 'driveway', 'backyard']);
  t.strictSame(names(choose([], zones, '', true)), ['drive', 'driveway', 'backyard']);
  t.strictSame(names(choose([], zones, 'Forced Web', true)), []);
  t.strictSame(
    names(choose([], [zm('a.b (c)'), zm('Einfahrt S\u00fcd')], 'Motion: a.b (c), einfahrt s\u00fcd', true)),
    ['a.b_(c)', 'einfahrt_s\u00fcd'],
  );
});

t.test('with only_triggered_zm_zones corners of the file do not count, and its patterns do', async (t) => {
  const own = [written('drive', { points: other, pattern: '(car)' })];
  const { zones, unmatched } = choose(own, [zm('Drive')], 'Motion: Drive', true);
  t.strictSame(zones, [{ name: 'drive', points: square, pattern: '(car)', ignorePattern: null }]);
  t.strictSame(unmatched, []);
});

t.test('privacy zones of ZoneMinder are no detection zones', async (t) => {
  t.strictSame(choose([], [zm('Neighbour', 'Privacy')]).zones, [], 'every detection counts');
  t.strictSame(names(choose([], [zm('Neighbour', 'Privacy'), zm('Drive')])), ['drive']);
  t.strictSame(names(choose([], [zm('Neighbour', 'Privacy'), zm('Drive')], 'Motion: Neighbour', true)), []);
});
