/** The API client against a real ZoneMinder 1.36. */
import { setTimeout as wait } from 'node:timers/promises';
import t from 'tap';

import { notesWith } from '../../src/client/zoneminder/client.js';
import {
  certificateFile,
  client,
  eventFolder,
  events,
  notesOf,
  photo,
  portalUrl,
  restored,
  skipUnlessWanted,
  sql,
  tlsApiUrl,
} from './world.js';

skipUnlessWanted();

t.test('login and version', async (t) => {
  const zm = client(t);
  t.match(await zm.version(), { zoneMinder: /^1\.3\d\.\d+$/, api: '2.0' });
  t.match(await zm.authQuery(), /^token=[\w-]+\.[\w-]+\.[\w-]+$/);
});

t.test('monitors, in the size of their pictures', async (t) => {
  const zm = client(t);
  t.strictSame(await zm.monitors(), [
    { id: 1, name: 'Street', width: 640, height: 426, capturing: false },
    { id: 2, name: 'Yard', width: 768, height: 576, capturing: false },
    { id: 3, name: 'Gallery', width: 1168, height: 750, capturing: false },
  ]);
  t.equal((await zm.monitor(2)).name, 'Yard');
  await t.rejects(zm.monitor(99), { code: 'ZONEMINDER_NOT_FOUND', message: 'ZoneMinder has no monitor 99' });
});

t.test('zones in pixels, one of them with thresholds in percent', async (t) => {
  const zones = await client(t).zones(1);
  t.strictSame(
    zones.map(({ name, type }) => [name, type]),
    [
      ['All', 'Active'],
      ['Crossing', 'Active'],
      ['Sky', 'Inactive'],
    ],
  );
  t.strictSame(zones[1]?.points, [[0, 200], [639, 200], [639, 425], [0, 425]]); // prettier-ignore
});

t.test('an event, with its folder', async (t) => {
  const zm = client(t);
  const event = await zm.event(events.cars);
  t.match(event, {
    id: 1,
    monitorId: 1,
    cause: 'Motion',
    notes: 'Motion: Crossing',
    startTime: '2026-01-02 10:00:01',
    endTime: '2026-01-02 10:01:00',
    length: 60,
    width: 640,
    height: 426,
    frames: 3,
    alarmFrames: 1,
    maxScore: 80,
    maxScoreFrame: 3,
    alarmFrame: 3,
    archived: false,
    tags: [],
  });
  t.equal(zm.eventFolder(event), eventFolder(events.cars));
  await t.rejects(zm.event(99), { code: 'ZONEMINDER_NOT_FOUND', message: 'ZoneMinder has no event 99' });
});

t.test('events by what they are like', async (t) => {
  const zm = client(t);
  const ids = async (filter: Parameters<typeof zm.events>[0]) => (await zm.events(filter)).map(({ id }) => id);
  t.strictSame(await ids({}), [1, 2, 3, 4]);
  t.strictSame(await ids({ monitorId: 1 }), [1, 3]);
  t.strictSame(await ids({ since: '2026-01-02 10:00:02', until: '2026-01-02 10:00:03' }), [2, 3]);
  t.strictSame(await ids({ minAlarmFrames: 1, limit: 2 }), [1, 2]);
});

t.test('frames of one event only', async (t) => {
  t.strictSame(await client(t).frames(events.cars), [
    { number: 1, type: 'Normal', score: 0, delta: 0.25 },
    { number: 2, type: 'Normal', score: 0, delta: 1.25 },
    { number: 3, type: 'Alarm', score: 80, delta: 2.25 },
  ]);
});

t.test('pictures, byte for byte', async (t) => {
  const zm = client(t);
  const street = photo('intersection.jpg');
  for (const frame of ['snapshot', 'alarm', 3, '3']) t.ok((await zm.fetchFrame(events.cars, frame)).equals(street));
  t.ok((await zm.fetchFrame(events.yard, 'alarm')).equals(photo('dog_bike_car.jpg')), 'the first alarmed frame');
});

t.test('frames that are not there', async (t) => {
  const zm = client(t);
  for (const frame of [99, 'objdetect', 0]) {
    const message = `ZoneMinder has no frame ${frame} of event 1`;
    await t.rejects(zm.fetchFrame(events.cars, frame), { code: 'ZONEMINDER_NOT_FOUND', message });
  }
  await t.rejects(zm.fetchFrame(99, 'snapshot'), { code: 'ZONEMINDER_NOT_FOUND' });
});

t.test('notes are in the database', async (t) => {
  restored(t, events.cars);
  const zm = client(t);
  const line = '[s] detected:car:90% "größer" & <so> on';
  await zm.setNotes(events.cars, notesWith(line, (await zm.event(events.cars)).notes));
  t.equal(notesOf(events.cars), `${line}| Motion: Crossing`);
  t.equal((await zm.event(events.cars)).notes, `${line}| Motion: Crossing`);
  await t.rejects(zm.setNotes(99, 'x'), { code: 'ZONEMINDER_NOT_FOUND' });
});

t.test('1.36 has no tags', async (t) => {
  t.equal(await client(t).tagEvent(events.cars, ['car']), false);
});

t.test('a wrong password, a user without the API, and one that may only look', async (t) => {
  const refused = { code: 'ZONEMINDER_REFUSED' };
  await t.rejects(client(t, { password: 'wrong' }).event(1), {
    ...refused,
    message: /Login denied for user "zmdetect"/,
  });
  await t.rejects(client(t, { user: 'noapi' }).event(1), { ...refused, message: /API disabled for: noapi/ });
  await t.rejects(client(t, { user: undefined }).event(1), { ...refused, message: /Not Authenticated/ });
  const viewer = client(t, { user: 'viewer' });
  t.equal((await viewer.event(events.cars)).id, 1);
  await t.rejects(viewer.setNotes(events.cars, 'x'), { ...refused, message: /Insufficient privileges/ });
});

t.test('tokens that were revoked are replaced, in the API as well as for pictures', async (t) => {
  const zm = client(t);
  const revoke = () => sql(`UPDATE Users SET TokenMinExpiry = UNIX_TIMESTAMP() WHERE Username = 'zmdetect'`);
  t.teardown(() => sql(`UPDATE Users SET TokenMinExpiry = 0 WHERE Username = 'zmdetect'`));
  for (const ask of [() => zm.event(events.cars), () => zm.fetchFrame(events.cars, 'snapshot')]) {
    const before = await zm.authQuery();
    await wait(1100); // tokens tell their age in whole seconds
    revoke();
    t.ok(await ask());
    t.not(await zm.authQuery(), before);
  }
});

t.test('https with a certificate of its own', async (t) => {
  const tls = { apiUrl: tlsApiUrl };
  await t.rejects(client(t, tls).event(1), { code: 'ZONEMINDER_UNREACHABLE', message: /SELF_SIGNED/ });
  const zm = client(t, { ...tls, tls: { ca: certificateFile } });
  t.ok((await zm.fetchFrame(events.cars, 'snapshot')).equals(photo('intersection.jpg')));
  t.equal((await client(t, { ...tls, tls: { verify: false } }).event(1)).id, 1);
});

t.test('an API URL that is that of the portal', async (t) => {
  const zm = client(t, { apiUrl: portalUrl });
  await t.rejects(zm.event(1), { code: 'ZONEMINDER_UNEXPECTED' });
});
