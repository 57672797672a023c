/** The hook end to end: its line, and what it leaves in ZoneMinder's database and folders. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';

import {
  begunEvent,
  client,
  daemon,
  eventFolder,
  events,
  notesOf,
  password,
  photo,
  restored,
  skipUnlessWanted,
  sql,
  wanted,
} from './world.js';
import { halves, Hook, type HookSetUp } from './hook.js';

skipUnlessWanted();

const started = wanted ? daemon(t) : undefined;

async function setUp(t: Test, eventId: number, more: HookSetUp = {}) {
  restored(t, eventId);
  const hook = Hook.make(t, { remote: { ml_gateway: (await started)?.url ?? '' }, ...more });
  const detect = (flags = '') => hook.run(`zm_detect --config objectconfig.yml --eventid ${eventId} ${flags}`);
  const file = (name: string) => path.join(eventFolder(eventId), name);
  return { hook, detect, file };
}

t.test('something was found: the line, the notes, the picture and its data', async (t) => {
  const { detect, file } = await setUp(t, events.cars);
  const { status, stdout, stderr } = await detect('--monitorid 1 --reason "Motion: Crossing" --notes');
  t.strictSame([status, stderr], [0, '']);
  t.match(stdout, /^\[s\] detected:[\w: %]*car:\d\d%[\w: %]*--SPLIT--\{.*\}\n$/);
  const { text, objects } = halves(stdout);
  t.equal(notesOf(events.cars), `${text}| Motion: Crossing`);
  t.equal(readFileSync(file('objects.json'), 'utf8'), objects);
  const found = JSON.parse(objects) as {
    labels: string[];
    boxes: unknown[];
    frame_id: string;
    image_dimensions: unknown;
  };
  t.equal(found.frame_id, 'snapshot');
  t.equal(found.boxes.length, found.labels.length);
  t.strictSame(found.image_dimensions, { original: [426, 640], resized: null });
  const picture = await client(t).fetchFrame(events.cars, 'objdetect');
  t.ok(picture.equals(readFileSync(file('objdetect.jpg'))), 'ZoneMinder shows it as the event of objdetect');
  t.notOk(picture.equals(readFileSync(file('snapshot.jpg'))), 'with boxes');
});

t.test('a second run for the same event replaces what the first one wrote', async (t) => {
  const { detect } = await setUp(t, events.cars);
  await detect('--notes');
  const notes = notesOf(events.cars);
  await detect('--notes');
  t.equal(notesOf(events.cars), notes);
});

t.test('without --notes the notes stay as they are', async (t) => {
  const { detect, file } = await setUp(t, events.cars);
  t.match(await detect(), { status: 0, stdout: /detected:/ });
  t.equal(notesOf(events.cars), 'Motion: Crossing');
  t.ok(existsSync(file('objdetect.jpg')));
});

t.test('nothing was found: no line, and the event is as it was', async (t) => {
  const { detect, file } = await setUp(t, events.empty);
  t.strictSame(await detect('--notes'), { status: 0, stdout: '', stderr: '' });
  t.equal(notesOf(events.empty), '');
  t.notOk(existsSync(file('objdetect.jpg')));
});

t.test('only the zones of ZoneMinder that the alarm names', async (t) => {
  const general = { import_zm_zones: 'yes', only_triggered_zm_zones: 'yes' };
  const { detect } = await setUp(t, events.cars, { general });
  const all = halves((await detect('--monitorid 1 --reason "Motion: All"')).stdout);
  const crossing = halves((await detect('--monitorid 1 --reason "Motion: Crossing"')).stdout);
  t.match(all.text, /traffic light/, 'which hangs above the crossing');
  t.notMatch(crossing.text, /traffic light/);
  t.match(crossing.text, /car/);
});

t.test('a frame that does not exist is passed over', async (t) => {
  const { detect } = await setUp(t, events.cars, { frames: '99,objdetect,3' });
  t.match(await detect(), { status: 0, stdout: /^\[x\] detected:.*"frame_id": "3"/ });
});

t.test('frames that are written while the hook waits: the daemon asks again for the snapshot', async (t) => {
  const { id, folder } = begunEvent(t);
  const { hook } = await setUp(t, events.yard, { frames: 'snapshot', attempts: 15 });
  setTimeout(() => {
    writeFileSync(path.join(folder, 'snapshot.jpg'), photo('dog_bike_car.jpg'));
  }, 3000);
  t.match(await hook.run(`zm_detect --config objectconfig.yml --eventid ${id}`), {
    status: 0,
    stdout: /^\[s\] .*dog:/,
  });
});

t.test('and the hook for a frame by its number, which 1.36 answers with nothing until it knows it', async (t) => {
  const { id, folder } = begunEvent(t);
  const remote = { ml_gateway: (await started)?.url ?? '', ml_gateway_mode: 'image' };
  const { hook } = await setUp(t, events.yard, { frames: '1', attempts: 15, remote });
  setTimeout(() => {
    writeFileSync(path.join(folder, '00001-capture.jpg'), photo('dog_bike_car.jpg'));
    sql(`INSERT INTO Frames SET EventId = ${id}, FrameId = 1, Type = 'Alarm', Delta = 0, Score = 9`);
  }, 3000);
  t.match(await hook.run(`zm_detect --config objectconfig.yml --eventid ${id}`), {
    status: 0,
    stdout: /^\[x\] .*dog:/,
  });
});

t.test('a wrong ZoneMinder password: one sentence, exit 1, nothing written', async (t) => {
  const { detect, file } = await setUp(t, events.cars, { password: 'wrong-SECRET' });
  const { status, stdout, stderr } = await detect('--notes');
  t.strictSame([status, stdout], [1, '']);
  t.match(stderr, /refuses user "zmdetect" \(Login denied for user "zmdetect"\)/);
  t.notMatch(stderr, /wrong-SECRET/);
  t.equal(notesOf(events.cars), 'Motion: Crossing');
  t.notOk(existsSync(file('objdetect.jpg')));
});

t.test('a user that may only look: the line stands, the notes do not', async (t) => {
  const { detect } = await setUp(t, events.cars, { general: { user: 'viewer' } });
  const { status, stdout, stderr } = await detect('--notes');
  t.equal(status, 0);
  t.match(stdout, /detected:/);
  t.match(stderr, /Insufficient privileges/);
  t.notMatch(stderr, password);
});

t.test('an event that does not exist', async (t) => {
  const { hook } = await setUp(t, events.cars);
  const outcome = await hook.run('zm_detect --config objectconfig.yml --eventid 99 --notes');
  t.match(outcome, { status: 1, stdout: '', stderr: /./ });
});

t.test('`zmdetect event` is the same program', async (t) => {
  const { hook, detect } = await setUp(t, events.yard);
  const other = await hook.run(`zmdetect event --config objectconfig.yml --eventid ${events.yard}`);
  t.strictSame(other, await detect());
  t.match(other.stdout, /dog/);
});
