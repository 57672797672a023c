import type { ServerResponse } from 'node:http';
import t from 'tap';

import { notesWith } from '../../src/client/zoneminder/notes.js';
import { json, page, type Seen } from '../support/fake-zoneminder.js';
import { errorOf, setUp } from './client.js';

t.test('an event that does not exist', async (t) => {
  const { zm } = await setUp(t);
  t.match(await errorOf(t, zm.event(9)), { code: 'ZONEMINDER_NOT_FOUND', message: 'ZoneMinder has no event 9' });
});

t.test('a page to log in on in place of JSON leads to one new login', async (t) => {
  const { server, zm } = await setUp(t, { answers: { '/events/1.json': page } });
  t.match(await errorOf(t, zm.event(1)), { code: 'ZONEMINDER_UNEXPECTED', message: /with a web page/ });
  t.equal(server.logins.length, 2);
});

t.test('a page in place of a frame, too, and then the frame is there', async (t) => {
  let asked = 0;
  const image = (response: ServerResponse) => {
    asked += 1;
    if (asked === 1) return page(response);
    response.writeHead(200, { 'content-type': 'image/jpeg' }).end('jpeg');
  };
  const { server, zm } = await setUp(t, { answers: { '/index.php': image } });
  t.equal((await zm.fetchFrame(1, 5)).toString(), 'jpeg');
  t.equal(server.logins.length, 2);
});

const missing: Readonly<Record<string, (response: ServerResponse) => void>> = {
  'status 404': (response) => void response.writeHead(404).end(),
  'status 200 with nothing, as 1.36 answers for a number': (response) => void response.writeHead(200).end(),
};
for (const [name, answer] of Object.entries(missing)) {
  t.test(`a frame that is not there: ${name}`, async (t) => {
    const { server, zm } = await setUp(t, { answers: { '/index.php': answer } });
    const error = await errorOf(t, zm.fetchFrame(1, 'alarm'));
    t.match(error, { code: 'ZONEMINDER_NOT_FOUND', message: 'ZoneMinder has no frame alarm of event 1' });
    t.equal(server.logins.length, 1, 'that is no reason to log in again');
  });
}

t.test('a redirect to the page to log in on means: refused', async (t) => {
  const login = (response: ServerResponse) =>
    void response.writeHead(302, { location: '/zm/index.php?view=login' }).end();
  const { zm } = await setUp(t, { answers: { '/index.php': login } });
  t.match(await errorOf(t, zm.fetchFrame(1, 1)), { code: 'ZONEMINDER_REFUSED', message: /it asks for a login/ });
});

t.test('another redirect is shown, and not followed with the token', async (t) => {
  const away = (response: ServerResponse) =>
    void response.writeHead(301, { location: 'https://zm.example.org/zm/api/events/1.json?token=SECRET' }).end();
  const { zm } = await setUp(t, { answers: { '/events/1.json': away } });
  t.match(await errorOf(t, zm.event(1)), {
    code: 'ZONEMINDER_UNEXPECTED',
    message: /status 301 with a redirect to https:\/\/zm\.example\.org\/zm\/api\/events\/1\.json/,
  });
});

t.test('notes that ZoneMinder did not save', async (t) => {
  const { zm } = await setUp(t, { answers: { '/events/1.json': (response) => json(response, { message: 'Error' }) } });
  t.match(await errorOf(t, zm.setNotes(1, 'x')), { code: 'ZONEMINDER_UNEXPECTED', message: /notes were not saved/ });
});

t.test('a 500 with a PHP error', async (t) => {
  const broken = (response: ServerResponse) =>
    void response.writeHead(500, { 'content-type': 'text/html' }).end('Fatal');
  const { zm } = await setUp(t, { answers: { 'monitors.json': broken } });
  t.match(await errorOf(t, zm.monitors()), { code: 'ZONEMINDER_UNEXPECTED', message: /status 500/ });
});

const monitor = { Id: '7', Name: 'Yard', Width: '1920', Height: '1080', Orientation: 'ROTATE_0', Function: 'Modect' };
const zone = { Id: '3', Name: 'Door', Type: 'Active', Units: 'Percent' };
function withZone(version: string, coords: string, more: Readonly<Record<string, string>> = {}) {
  return {
    version,
    answers: {
      '/monitors/7.json': (response: ServerResponse) =>
        json(response, { monitor: { Monitor: { ...monitor, ...more } } }),
      '/zones/forMonitor/7.json': (response: ServerResponse) =>
        json(response, { zones: [{ Zone: { ...zone, Coords: coords } }] }),
    },
  };
}

t.test('zones are pixels before 1.37, whatever their Units say', async (t) => {
  const { zm } = await setUp(t, withZone('1.36.33', '0,0 90,0 90,95'));
  t.strictSame(await zm.zones(7), [
    { id: 3, name: 'Door', type: 'Active', points: [[0, 0], [90, 0], [90, 95]] }, // prettier-ignore
  ]);
});

t.test('later they are percent, of the picture after rotation', async (t) => {
  const { zm } = await setUp(t, withZone('1.39.18', '0.00,0.00 50.00,0.00 50.00,12.35', { Orientation: 'ROTATE_90' }));
  t.strictSame((await zm.zones(7))[0]?.points, [[0, 0], [540, 0], [540, 237]]); // prettier-ignore
});

t.test('later, too, a point beyond 100 tells pixels', async (t) => {
  const { zm } = await setUp(t, withZone('1.38.0', '0,0 101,0 101,50'));
  t.strictSame((await zm.zones(7))[0]?.points, [[0, 0], [101, 0], [101, 50]]); // prettier-ignore
});

t.test('numbers and switches are read from texts as well as from numbers', async (t) => {
  const old = { Monitor: { ...monitor, Enabled: '1' } };
  const newer = {
    Monitor: { Id: 8, Name: 'Gate', Width: 640, Height: 480, Orientation: 'ROTATE_0', Capturing: 'None' },
  };
  const answers = { 'monitors.json': (response: ServerResponse) => json(response, { monitors: [old, newer] }) };
  const { zm } = await setUp(t, { answers });
  t.strictSame(await zm.monitors(), [
    { id: 7, name: 'Yard', width: 1920, height: 1080, capturing: true },
    { id: 8, name: 'Gate', width: 640, height: 480, capturing: false },
  ]);
});

t.test('an event of 1.38 tells its tags; one without a folder has none to write to', async (t) => {
  const event = { Id: 1, MonitorId: '7', StartDateTime: '2026-01-02 03:04:05', Notes: null };
  const answer = (response: ServerResponse) =>
    json(response, { event: { Event: event, Tag: [{ Id: 4, Name: 'person' }] } });
  const { zm } = await setUp(t, { version: '1.38.1', answers: { '/events/1.json': answer } });
  const got = await zm.event(1);
  t.strictSame(got.tags, ['person']);
  t.equal(got.notes, '');
  t.throws(() => zm.eventFolder(got), { code: 'ZONEMINDER_UNEXPECTED', message: /where event 1 lies/ });
});

t.test('tags: those that do not exist are created, those that are set stay', async (t) => {
  const asked: string[] = [];
  const portal = (response: ServerResponse, { query }: Seen) => {
    const [action = '', name = ''] = [query.get('action') ?? '', query.get('tname') ?? ''];
    asked.push([action, name || query.get('tid')].filter(Boolean).join(' '));
    const found: Readonly<Record<string, unknown>> = {
      getavailabletags: [{ Id: '1', Name: 'person' }, { Id: '2', Name: 'car' }], // prettier-ignore
      getselectedtags: [{ Id: 2, Name: 'car' }],
      createtag: [{ Id: 5, Name: name }],
    };
    json(response, { result: 'Ok', response: found[action] ?? [] });
  };
  const { zm } = await setUp(t, { version: '1.38.0', answers: { '/index.php': portal } });
  t.equal(await zm.tagEvent(1, ['person', 'dog', 'car', 'dog']), true);
  t.strictSame(asked, ['getavailabletags', 'getselectedtags', 'addtag 1', 'createtag dog', 'addtag 5']);
});

t.test('before 1.37.44 there are no tags, and nothing is asked', async (t) => {
  const { server, zm } = await setUp(t, { version: '1.36.33' });
  t.equal(await zm.tagEvent(1, ['person']), false);
  t.equal(server.seen.length, 1, 'the login only');
});

t.test('notes keep what ZoneMinder wrote about motion', (t) => {
  const line = '[s] detected:person:97%';
  t.equal(notesWith(line, ''), line);
  t.equal(notesWith(line, 'Motion: All, Door'), `${line}| Motion: All, Door`);
  t.equal(notesWith(line, notesWith('[a] detected:car:50%', 'Motion: All')), `${line}| Motion: All`);
  t.end();
});
