/** Which frame of an event wins, which are asked for, and what happens with those that are not there. */
import { setTimeout as wait } from 'node:timers/promises';
import t from 'tap';
import type { Test } from 'tap';

import type { DetectorOptions } from '../../src/client/types.js';
import { ZmdetectError } from '../../src/errors.js';
import { detectorFor, failure, FakeEvent, picture } from '../support/client.js';
import { type Asked, FakeGateway, inferred, result } from '../support/gateway.js';
import { bytesOf } from '../support/daemon.js';

const missing = { body: { detections: [], error: 'fetch failed: http://zm/x: the answer is status 404' } };

const frameOf = ({ body }: Asked) => /fid=(\w+)/.exec(decodeURIComponent(body.toString()))?.[1] ?? '';

/** A server that fetches: labels by frame; a frame without an entry is missing, at first or for good. */
async function byUrl(t: Test, frames: Readonly<Record<string, readonly string[]>>, options: DetectorOptions = {}) {
  const gateway = await FakeGateway.start(t, 'G4', {
    '/infer': (asked) => {
      const labels = frames[frameOf(asked)];
      return labels === undefined ? missing : { body: inferred(...labels) };
    },
  });
  const { detector, log } = detectorFor(t, { gateway: gateway.url, models: ['yard'], ...options });
  return { detector, log, asked: () => gateway.asked.map(frameOf) };
}

const frameSet = ['one', 'two', 'three'];
const frames = { one: [], two: ['person'], three: ['person', 'person', 'car'] };

for (const [strategy, winner, count] of [
  ['first', 'two', 2],
  ['first_new', 'two', 2],
  ['most', 'three', 3],
  ['most_unique', 'three', 3],
  ['most_models', 'three', 3],
] as const) {
  t.test(`${strategy}: ${winner} wins, ${count} frames are asked for`, async (t) => {
    const { detector, asked } = await byUrl(t, frames, { frameStrategy: strategy });
    t.equal((await detector.detectEvent(FakeEvent.of(), 7, { streamConfig: { frameSet } })).frameId, winner);
    t.equal(asked().length, count);
  });
}

t.test(
  'a pyzm.serve does one thing at a time, and is asked so; zmdetectd is asked for several frames at once',
  async (t) => {
    for (const [generation, most] of [
      ['G4', 1],
      ['zmdetectd', 4],
    ] as const) {
      const gateway = await FakeGateway.start(t, generation, { '/infer': () => ({ body: inferred(), delay: 50 }) });
      const { detector } = detectorFor(t, { gateway: gateway.url, models: ['yard'] });
      const frameSet = ['1', '2', '3', '4', '5', '6'];
      await detector.detectEvent(FakeEvent.of(), 7, { streamConfig: { frameSet } });
      t.equal(gateway.mostAtOnce, most, generation);
    }
  },
);

t.test('zones decide which frame wins', async (t) => {
  const { detector } = await byUrl(t, frames, { frameStrategy: 'most_unique' });
  const zones = [
    {
      points: [
        [0, 0],
        [640, 0],
        [640, 480],
      ] as const,
      ignorePattern: 'car|dog',
      pattern: '.*',
    },
  ];
  const found = await detector.detectEvent(FakeEvent.of(), 7, { zones, streamConfig: { frameSet } });
  t.match(found, { frameId: 'three', summary: 'person:90% person:90%', errorBoxes: { length: 1 } });
});

t.test('nothing in any frame: the first one, empty', async (t) => {
  const { detector } = await byUrl(t, { one: [], two: [] });
  const found = await detector.detectEvent(FakeEvent.of(), 7, { streamConfig: { frameSet: ['one', 'two'] } });
  t.match(found, { frameId: 'one', summary: '', detections: [] });
});

t.test('a frame that is not written yet is asked for again', async (t) => {
  let asks = 0;
  const gateway = await FakeGateway.start(t, 'G4', {
    '/infer': () => {
      asks += 1;
      return asks < 3 ? missing : { body: inferred('person') };
    },
  });
  const { detector } = detectorFor(t, { gateway: gateway.url, models: ['yard'] });
  const streamConfig = { frameSet: ['alarm'], maxAttempts: 3, sleepBetweenAttempts: 0.01 };
  t.equal((await detector.detectEvent(FakeEvent.of(), 7, { streamConfig })).summary, 'person:90%');
  t.equal(asks, 3);
});

t.test('too many missing in a row: the rest is not asked for', async (t) => {
  const { detector, asked } = await byUrl(t, { one: ['person'], six: ['car', 'car'] }, { frameStrategy: 'first' });
  const frameSet = ['two', 'three', 'four', 'one', 'five', 'six'];
  const event = FakeEvent.of();
  const found = await detector.detectEvent(event, 7, { streamConfig: { frameSet, contigFramesBeforeError: 4 } });
  t.equal(found.frameId, 'one');
  await failure(
    t,
    detector.detectEvent(event, 7, { streamConfig: { frameSet, contigFramesBeforeError: 2 } }),
    'FRAMES_MISSING',
  );
  t.equal(asked().length, 4 + 2);
});

t.test('frames that are skipped are logged, with their reason', async (t) => {
  const { detector, log } = await byUrl(t, { one: ['person'] });
  await detector.detectEvent(FakeEvent.of(), 7, { streamConfig: { frameSet: ['zero', 'one'] } });
  const [line] = log.lines.filter(({ message }) => message === 'frame skipped');
  t.match(line?.fields, { frame_id: 'zero', reason: /status 404/ });
});

t.test('image mode: frames are fetched here and uploaded', async (t) => {
  const gateway = await FakeGateway.start(t, 'G2', { '/detect': () => ({ body: result() }) });
  const { detector } = detectorFor(t, { gateway: gateway.url, gatewayMode: 'image' });
  const zm = FakeEvent.of('alarm', '2');
  const found = await detector.detectEvent(zm, 7, { streamConfig: { frameSet: ['alarm', 'gone', '2'] } });
  t.match(found, { frameId: 'alarm', ranOn: 'gateway' });
  t.strictSame(gateway.routes(), ['/detect', '/detect']);
  t.strictSame(zm.fetched.sort(), ['2', 'alarm', 'gone']);
  t.strictSame(await found.picture(), Buffer.from(bytesOf(picture)), 'the bytes that were uploaded');
});

t.test('image mode: a gateway that fails is an error, not an empty picture', async (t) => {
  const gateway = await FakeGateway.start(t, 'G2', { '/detect': () => ({ status: 503 }) });
  const { detector } = detectorFor(t, { gateway: gateway.url, gatewayMode: 'image' });
  await failure(
    t,
    detector.detectEvent(FakeEvent.of('alarm'), 7, { streamConfig: { frameSet: ['alarm'] } }),
    'GATEWAY_BUSY',
  );
});

t.test('image mode: when ZoneMinder gives no frame, its error counts more than a missing frame', async (t) => {
  const gateway = await FakeGateway.start(t, 'G2', {});
  const { detector } = detectorFor(t, { gateway: gateway.url, gatewayMode: 'image' });
  const streamConfig = { frameSet: ['gone', 'alarm'] };
  await failure(t, detector.detectEvent(new FakeEvent(), 7, { streamConfig }), 'FRAMES_MISSING');
  const refusing = new FakeEvent({ alarm: 'ZONEMINDER_REFUSED' });
  await failure(t, detector.detectEvent(refusing, 7, { streamConfig }), 'ZONEMINDER_REFUSED');
});

t.test('several pictures: the best of them; what is no picture is left out', async (t) => {
  const gateway = await FakeGateway.start(t, 'G2', {
    '/detect': ({ body }) =>
      body.includes('broken') ? { status: 400, body: { detail: 'Could not decode image' } } : { body: result() },
  });
  const { detector } = detectorFor(t, { gateway: gateway.url });
  const broken = { frameId: 'a', picture: Buffer.from('broken') };
  const found = await detector.detect([broken, { frameId: 'b', picture }, { frameId: 'c', picture }]);
  t.match(found, { frameId: 'b', summary: 'person:90%' });
  await failure(t, detector.detect([broken]), 'IMAGE_UNDECODABLE');
  await failure(t, detector.detect([]), 'OPTION_INVALID');
  await failure(t, detector.detect('no/such/file.jpg'), 'OPTION_INVALID');
});

t.test('the picture of a frame that only the server had is fetched when it is wanted', async (t) => {
  const { detector } = await byUrl(t, frames);
  const zm = FakeEvent.of('three');
  const found = await detector.detectEvent(zm, 7, { streamConfig: { frameSet } });
  t.strictSame(zm.fetched, []);
  t.equal((await found.picture()).length, bytesOf(picture).length);
  t.strictSame(zm.fetched, ['three']);
});

t.test('ZoneMinder’s own failures are errors: a login that is refused, an event that is not there', async (t) => {
  for (const asked of ['authQuery', 'event'] as const) {
    const { detector } = await byUrl(t, frames, { fallbackLocal: true });
    const zm = FakeEvent.of();
    const refuse = () => Promise.reject(new ZmdetectError('ZONEMINDER_REFUSED', { reason: `${asked} was refused` }));
    Object.assign(zm, { [asked]: refuse });
    const error = await failure(t, detector.detectEvent(zm, 7, { streamConfig: { frameSet } }), 'ZONEMINDER_REFUSED');
    t.match(error.message, asked);
  }
});

t.test('the logins to both hosts go on at the same time, and so do size and detections', async (t) => {
  const order: string[] = [];
  const slow = async <T>(name: string, value: T): Promise<T> => {
    order.push(`${name} begins`);
    await wait(100);
    order.push(`${name} ends`);
    return value;
  };
  const gateway = await FakeGateway.start(t, 'G4', {
    '/login': () => {
      order.push('gateway login');
      return { body: { access_token: 't' } };
    },
    '/infer': () => {
      order.push('infer');
      return { body: inferred('person') };
    },
  });
  const { detector } = detectorFor(t, { gateway: gateway.url, gatewayUsername: 'zm', models: ['yard'] });
  const zm = FakeEvent.of();
  zm.authQuery = () => slow('zm login', 'token=x');
  zm.event = () => slow('size', { width: 1, height: 1 });
  await detector.detectEvent(zm, 7, { streamConfig: { frameSet: ['one'] } });
  t.strictSame(order, ['zm login begins', 'gateway login', 'zm login ends', 'size begins', 'infer', 'size ends']);
});

t.test('the wait before frames ends with the caller', async (t) => {
  const { detector, asked } = await byUrl(t, frames);
  const reason = new Error('enough');
  const controller = new AbortController();
  const found = detector.detectEvent(FakeEvent.of(), 7, { streamConfig: { delay: 60 }, signal: controller.signal });
  controller.abort(reason);
  await t.rejects(found, reason);
  t.strictSame(asked(), []);
});

t.test('what was there the last time is not told again', async (t) => {
  const past = { matchPastDetections: true, imagePath: t.testdir(), monitorId: '7' };
  const { detector } = await byUrl(t, { one: ['person'] }, past);
  const options = { streamConfig: { frameSet: ['one'] } };
  t.equal((await detector.detectEvent(FakeEvent.of(), 7, options)).summary, 'person:90%');
  t.equal((await detector.detectEvent(FakeEvent.of(), 7, options)).summary, '');
});
