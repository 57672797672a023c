import { existsSync, lstatSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pino } from 'pino';
import t, { type Test } from 'tap';

import { defaultDetectorConfig } from '../../src/detection/config.js';
import type { Detection } from '../../src/detection/detection.js';
import { limits } from '../../src/limits.js';
import { PastStore, type PastStoreConfig } from '../../src/pipeline/past-store.js';
import { readPickles, writePickle } from '../../src/pipeline/pickle.js';
import { at, labelsOf } from '../support/detections.js';

const car = at([0, 0, 100, 100], 'car');
const dog = at([300, 0, 400, 100], 'dog');

/** A store in a fresh folder, and what it logs. */
function storeIn(t: Test, fields: Partial<PastStoreConfig> = {}) {
  const folder = t.testdir({});
  const config = {
    ...defaultDetectorConfig(),
    matchPastDetections: true,
    monitorId: '3',
    imagePath: folder,
    ...fields,
  };
  const file = path.join(folder, 'past_detections_mid3.pkl');
  const lines: string[] = [];
  const log = pino({ base: null }, { write: (line: string) => void lines.push(line) });
  const store = new PastStore(config);
  const newOf = async (all: readonly Detection[], counted = all) =>
    labelsOf(Array.from(await store.onlyNew(all, counted, log)));
  return { folder, file, lines, newOf };
}

const save = (file: string, boxes: readonly (readonly number[])[], labels: readonly string[]) =>
  writeFileSync(file, Buffer.concat([writePickle(boxes), writePickle(labels)]));

t.test('what was there the last time is not new', async (t) => {
  const { newOf, file, lines, folder } = storeIn(t);
  t.strictSame(await newOf([car]), ['car'], 'no file: everything is new');
  t.strictSame(await newOf([car, dog]), ['dog']);
  t.strictSame(await newOf([car, dog]), []);
  t.strictSame(readPickles(readFileSync(file)), [
    [car.box, dog.box],
    ['car', 'dog'],
  ]);
  t.strictSame(readdirSync(folder), ['past_detections_mid3.pkl'], 'and no draft is left');
  t.strictSame(lines, []);
});

t.test("a hook's file is read", async (t) => {
  const { newOf, file } = storeIn(t);
  // pickle.dumps([[0, 0, 100, 100]]) + pickle.dumps(['car']) of CPython 3.11
  const boxes = '80049510000000000000005d945d94284b004b004b644b6465612e';
  const labels = '8004950a000000000000005d948c0363617294612e';
  writeFileSync(file, Buffer.from(boxes + labels, 'hex'));
  t.strictSame(await newOf([car, dog]), ['dog']);
});

t.test('without a monitor the file has no number', async (t) => {
  const { newOf, folder } = storeIn(t, { monitorId: null });
  await newOf([car]);
  t.strictSame(readdirSync(folder), ['past_detections.pkl']);
});

t.test('only what counts is kept for the next time, and nothing seen leaves the file as it is', async (t) => {
  const { newOf, file } = storeIn(t);
  await newOf([car, dog], [car]);
  t.strictSame(await newOf([car, dog], [car]), ['dog']);
  await newOf([]);
  await newOf([dog], []);
  t.strictSame(readPickles(readFileSync(file))[1], ['car']);
});

t.test('where no matching is wanted there is no file', async (t) => {
  const { newOf, folder } = storeIn(t, { matchPastDetections: false });
  t.strictSame(await newOf([car]), ['car']);
  t.strictSame(await newOf([car]), ['car']);
  t.strictSame(readdirSync(folder), []);
});

t.test('an empty file is removed', async (t) => {
  const { newOf, file, lines } = storeIn(t);
  writeFileSync(file, '');
  t.strictSame(await newOf([car], []), ['car']);
  t.notOk(existsSync(file));
  t.strictSame(lines, []);
});

t.test('a file that cannot be read is told and counts as empty', async (t) => {
  const broken: readonly ((file: string) => void)[] = [
    (file) => writeFileSync(file, "cos\nsystem\n(S'true'\ntR."),
    (file) => writeFileSync(file, writePickle([])),
    (file) => save(file, [[0, 0, 100, 100]], []),
    (file) => save(file, [[0, 0, 100]], ['car']),
    (file) => writeFileSync(file, Buffer.concat([writePickle([[0, 0, 100, 100]]), writePickle([5])])),
  ];
  for (const make of broken) {
    const { newOf, file, lines } = storeIn(t);
    make(file);
    for (let frame = 0; frame < 2; frame++) t.strictSame(await newOf([car], []), ['car']);
    t.equal(lines.length, 1, 'said once');
    t.match(lines[0], /past detections are unreadable: .*past_detections_mid3\.pkl is no list .*: remove it/);
    await newOf([car]);
    t.strictSame(await newOf([car]), [], 'the next state takes its place');
  }
});

t.test('a folder that is missing is named once, with the remedy', async (t) => {
  const imagePath = path.join(t.testdir({ other: '' }), 'nowhere');
  const { newOf, lines } = storeIn(t, { imagePath });
  for (let frame = 0; frame < 3; frame++) t.strictSame(await newOf([car]), ['car']);
  t.equal(lines.length, 1);
  const file = path.join(imagePath, 'past_detections_mid3.pkl');
  const sentence = `past detections could not be saved: cannot write ${file}: the folder ${imagePath} does not exist: create it`;
  t.match(JSON.parse(lines[0] ?? ''), { msg: sentence });
});

t.test('neither the draft nor the file is written through a link', async (t) => {
  const { newOf, file, folder, lines } = storeIn(t);
  const target = path.join(t.testdir({ target: 'precious' }), 'target');
  // The names that earlier versions used.
  for (const link of [file, `${file}.${process.pid}.tmp`]) symlinkSync(target, link);
  await newOf([car]);
  t.equal(readFileSync(target, 'utf8'), 'precious');
  t.notOk(lstatSync(file).isSymbolicLink());
  t.equal(readdirSync(folder).filter((name) => name.endsWith('.tmp')).length, 1, 'no draft of ours is left');
  t.match(lines[0], /past detections are unreadable/, 'what the link led to');
});

t.test('a file that is too large is told and counts as empty', async (t) => {
  const { newOf, file, lines } = storeIn(t);
  const count = limits.pastDetections.value + 1;
  save(file, new Array<number[]>(count).fill([0, 0, 100, 100]), new Array<string>(count).fill('car'));
  t.strictSame(await newOf([car], []), ['car']);
  t.match(lines[0], /more than 2000 boxes/);
  writeFileSync(file, Buffer.alloc(limits.pickleBytes.value + 1));
  t.strictSame(await newOf([car], []), ['car']);
  t.match(lines[1], /has more than the 1048576 bytes that such a file may have: remove it/);
});

t.test('no more is saved than is read', async (t) => {
  const { newOf, file } = storeIn(t, { pastDetMaxDiffArea: '0' });
  await newOf(Array.from({ length: limits.pastDetections.value + 5 }, () => car));
  t.equal((readPickles(readFileSync(file))[0] as unknown[]).length, limits.pastDetections.value);
  t.strictSame(await newOf([car]), []);
});

t.test('of many frames at once each is compared with the one before', async (t) => {
  const { newOf, file } = storeIn(t, { pastDetMaxDiffArea: '0' });
  const moving = Array.from({ length: 40 }, (_, i) => at([i, 0, i + 50, 50], 'car'));
  // Each thing is in two frames that follow each other: first new, then old, whatever the speed of the disk.
  const frames = moving.flatMap((thing) => [[thing], [thing]]);
  const found = await Promise.all(frames.map((frame) => newOf(frame)));
  t.strictSame(
    found.map(({ length }) => length),
    frames.map((_, i) => (i + 1) % 2),
  );
  t.strictSame(readPickles(readFileSync(file))[0], [moving.at(-1)?.box]);
});
