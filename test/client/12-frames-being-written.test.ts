/** Frames of a real daemon's and of the client's own fetching: the same patience, limits and login in both modes. */
import type { ServerResponse } from 'node:http';
import t, { type Test } from 'tap';

import type { DetectorOptions, StreamConfig } from '../../src/client/types.js';
import { ZoneMinder, type ZoneMinderOptions } from '../../src/client/zoneminder/client.js';
import { selfSigned } from '../support/certificate.js';
import { detectorFor, failure } from '../support/client.js';
import { embeddedModel, startDaemon, type TestDaemon } from '../support/daemon.js';
import { FakeZoneMinder, password, type Seen, user } from '../support/fake-zoneminder.js';
import { picture } from '../support/shapes.js';

const { bytes, width, height } = picture('shapes-05');
const frameSize = { width, height };
const certificate = selfSigned();
const skip = certificate === undefined ? 'there is no openssl command' : false;

type Answer = (response: ServerResponse, request: Seen) => void;

const whole: Answer = (response) => void response.writeHead(200, { 'content-type': 'image/jpeg' }).end(bytes);
const status = (code: number): Answer => {
  return (response) => void response.writeHead(code, { 'content-type': 'text/html' }).end('<h1>Sorry</h1>');
};
/** What ZoneMinder and the server before it show of a frame that is being written. */
const unwritten: Readonly<Record<string, Answer>> = {
  'status 404': status(404),
  'status 500': status(500),
  'status 502': status(502),
  'status 503': status(503),
  'a page with status 200': status(200),
  'nothing with status 200': (response) => void response.writeHead(200, { 'content-type': 'image/jpeg' }).end(),
  'half a picture as if it were whole': (response) =>
    void response.writeHead(200, { 'content-type': 'image/jpeg' }).end(bytes.subarray(0, bytes.length / 2)),
  'half a picture, then the connection is cut': (response) => {
    response.writeHead(200, { 'content-type': 'image/jpeg', 'content-length': bytes.length });
    response.write(bytes.subarray(0, bytes.length / 2), () => response.socket?.resetAndDestroy());
  },
  'a connection that is cut': (response) => void response.socket?.resetAndDestroy(),
};

const modes: Readonly<Record<string, (daemon: TestDaemon) => DetectorOptions>> = {
  'URL mode, by model': ({ url }) => ({ gateway: url, models: [embeddedModel] }),
  'URL mode, models of the server': ({ url }) => ({ gateway: url }),
  'image mode': ({ url }) => ({ gateway: url, gatewayMode: 'image', models: [embeddedModel] }),
};

async function setUp(t: Test, answer: Answer, options: Partial<ZoneMinderOptions> = {}, secure = false) {
  const fake = await FakeZoneMinder.start(t, {
    answers: { '/index.php': answer },
    ...(secure ? { certificate } : {}),
  });
  const zm = new ZoneMinder({ apiUrl: fake.apiUrl, user, password, ...options });
  t.teardown(() => {
    zm.close();
  });
  return { fake, zm };
}

const stream = (more: Partial<StreamConfig> = {}): Partial<StreamConfig> => ({
  frameSet: ['snapshot'],
  maxAttempts: 3,
  sleepBetweenAttempts: 0.01,
  ...more,
});

const daemon = await startDaemon(t);

for (const [mode, optionsOf] of Object.entries(modes)) {
  t.test(`${mode}: a frame that is being written is asked for again`, async (t) => {
    for (const [how, answer] of Object.entries(unwritten)) {
      const { detector } = detectorFor(t, optionsOf(daemon));
      let asked = 0;
      const { zm } = await setUp(t, (response, request) => (++asked < 3 ? answer : whole)(response, request));
      const maxAttempts = 6;
      const result = await detector.detectEvent(zm, 1, { frameSize, streamConfig: stream({ maxAttempts }) });
      t.ok(result.detections.length > 0, how);
    }
  });

  t.test(`${mode}: one that never comes holds up no other, and no set key is advised`, async (t) => {
    const { detector } = detectorFor(t, optionsOf(daemon));
    const asked: string[] = [];
    const { zm } = await setUp(t, (response, request) => {
      asked.push(request.query.get('fid') ?? '');
      (request.query.get('fid') === 'alarm' ? whole : status(500))(response, request);
    });
    const streamConfig = stream({ frameSet: ['snapshot', 'alarm'] });
    const result = await detector.detectEvent(zm, 1, { frameSize, streamConfig });
    t.equal(result.frameId, 'alarm');
    t.equal(asked.filter((fid) => fid === 'snapshot').length, 3);
    const gone = await setUp(t, status(404));
    const often = await failure(t, detector.detectEvent(gone.zm, 1, { frameSize, streamConfig }), 'FRAMES_MISSING');
    t.match(often.message, /asked 3 times/);
    t.notMatch(often.message, /max_attempts/);
    const once = { frameSize, streamConfig: { frameSet: ['1'] } };
    t.notMatch((await failure(t, detector.detectEvent(gone.zm, 1, once), 'FRAMES_MISSING')).message, /asked/);
  });

  t.test(`${mode}: a stream is named at once, and the other frame used`, async (t) => {
    const { detector, log } = detectorFor(t, optionsOf(daemon));
    const { zm } = await setUp(t, (response, request) => {
      if (request.query.get('fid') === 'alarm') return whole(response, request);
      response.writeHead(200, { 'content-type': 'multipart/x-mixed-replace; boundary=x' });
      response.write('--x\r\n');
    });
    const streamConfig = stream({ frameSet: ['snapshot', 'alarm'] });
    const result = await detector.detectEvent(zm, 1, { frameSize, streamConfig });
    t.equal(result.frameId, 'alarm');
    if (mode !== 'URL mode, models of the server') t.match(log.text, /is a stream .*view=image/);
    t.match(daemon.logText + log.text, /is a stream/);
  });

  t.test(`${mode}: the web server's own login reaches it, and stands nowhere`, async (t) => {
    const { detector, log } = detectorFor(t, optionsOf(daemon));
    const basicAuth = { user: 'front', password: 'p@ss:w/ord SECRET' };
    const login = `Basic ${Buffer.from(`${basicAuth.user}:${basicAuth.password}`).toString('base64')}`;
    const guarded: Answer = (response, request) => {
      if (request.authorization === login) return whole(response, request);
      response.writeHead(401, { 'www-authenticate': 'Basic realm="zm"' }).end();
    };
    const { zm } = await setUp(t, guarded, { basicAuth });
    t.ok((await detector.detectEvent(zm, 1, { frameSize, streamConfig: stream() })).detections.length > 0);
    const { zm: without } = await setUp(t, guarded);
    const error: unknown = await detector
      .detectEvent(without, 1, { frameSize, streamConfig: stream() })
      .catch((thrown: unknown) => thrown);
    if (mode !== 'URL mode, models of the server') t.match(String(error), /status 401.*Basic/);
    t.notMatch(`${daemon.logText}${log.text}${String(error)}`, /SECRET|p%40ss|p@ss/);
  });

  t.test(`${mode}: http that redirects to https with a certificate of its own`, { skip }, async (t) => {
    const { detector } = detectorFor(t, optionsOf(daemon));
    const secure = await setUp(t, whole, {}, true);
    const host = secure.fake.apiUrl.replace('/zm/api', '');
    const redirect: Answer = (response, { query }) =>
      void response.writeHead(301, { location: `${host}/zm/index.php?${query.toString()}` }).end();
    const { zm } = await setUp(t, redirect, { tls: { verify: false } });
    t.ok((await detector.detectEvent(zm, 1, { frameSize, streamConfig: stream() })).detections.length > 0);
    t.ok(
      secure.fake.seen.every(({ query }) => query.has('token')),
      'the token goes along',
    );
    const { zm: strict } = await setUp(t, redirect);
    await t.rejects(detector.detectEvent(strict, 1, { frameSize, streamConfig: stream({ maxAttempts: 1 }) }));
  });
}
