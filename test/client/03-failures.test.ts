/** Every way in which a gateway may fail has a code of its own. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import t from 'tap';
import type { Test } from 'tap';

import type { DetectorOptions } from '../../src/client/types.js';
import { embeddedModel } from '../support/daemon.js';
import { detectorFor, failure, FakeEvent, picture } from '../support/client.js';
import { type Answers, FakeGateway, inferred, result } from '../support/gateway.js';

async function gatewayFor(t: Test, answers: Answers, options: DetectorOptions = {}) {
  const gateway = await FakeGateway.start(t, 'G2', answers);
  return { gateway, ...detectorFor(t, { gateway: gateway.url, ...options }) };
}

t.test('nobody listens', async (t) => {
  const gateway = await FakeGateway.start(t, 'G2', {});
  const { url } = gateway;
  gateway.stop();
  const { detector } = detectorFor(t, { gateway: url });
  const error = await failure(t, detector.detect(picture), 'GATEWAY_UNREACHABLE');
  t.match(error.message, `Gateway ${url} cannot be reached`);
  t.match(error.message, 'ECONNREFUSED');
});

t.test('a host name that does not resolve', async (t) => {
  const { detector } = detectorFor(t, { gateway: 'http://no-such-host.invalid:5000' });
  await failure(t, detector.detect(picture), 'GATEWAY_UNREACHABLE');
});

t.test('no answer in time', async (t) => {
  const { detector } = await gatewayFor(t, { '/detect': () => 'hang' }, { gatewayTimeout: 0.2 });
  const error = await failure(t, detector.detect(picture), 'GATEWAY_TIMEOUT');
  t.match(error.message, 'within 0.2 s');
});

t.test('the connection is cut within the answer', async (t) => {
  const { detector } = await gatewayFor(t, { '/detect': () => 'cut' });
  await failure(t, detector.detect(picture), 'GATEWAY_UNREACHABLE');
});

for (const status of [429, 503]) {
  t.test(`${status}: too much to do`, async (t) => {
    const busy = { status, headers: { 'retry-after': '7' }, body: { detail: 'the queue is full' } };
    const { detector, gateway } = await gatewayFor(t, { '/detect': () => busy });
    const error = await failure(t, detector.detect(picture), 'GATEWAY_BUSY');
    t.equal(error.params.retryAfter, 7);
    t.match(error.message, `status ${status}, the queue is full`);
    t.strictSame(gateway.routes(), ['/detect'], 'asked once');
  });
}

t.test('a refusal that comes while the upload is still being sent', async (t) => {
  const server = createServer((request, response) => {
    if (request.url === '/openapi.json') response.end('{"paths": {"/detect": {}, "/detect_urls": {}}}');
    else response.writeHead(429, { 'retry-after': '3', connection: 'close' }).end('{"detail": "too much"}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const { detector } = detectorFor(t, { gateway: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
  const error = await failure(t, detector.detect(Buffer.alloc(20_000_000)), 'GATEWAY_BUSY');
  t.equal(error.params.retryAfter, 3);
});

t.test('a client that waits less or more than is usual says so', async (t) => {
  for (const [gatewayTimeout, header] of [
    [undefined, undefined],
    [60, undefined],
    [10, '9500'],
    [120, '114000'],
  ] as const) {
    const { detector, gateway } = await gatewayFor(t, { '/detect': () => ({ body: result() }) }, { gatewayTimeout });
    await detector.detect(picture);
    t.equal(gateway.asked[0]?.headers['x-deadline-ms'], header);
  }
});

t.test('Retry-After may be a date, or missing', async (t) => {
  const inTenSeconds = new Date(Date.now() + 10_000).toUTCString();
  const answers = [{ 'retry-after': inTenSeconds }, { 'retry-after': 'soon' }, {}] as const;
  const { detector } = await gatewayFor(t, {
    '/detect': (_, count) => ({ status: 503, headers: answers[count - 1] ?? {} }),
  });
  const first = await failure(t, detector.detect(picture), 'GATEWAY_BUSY');
  t.ok(Number(first.params.retryAfter) >= 8 && Number(first.params.retryAfter) <= 10);
  for (let i = 0; i < 2; i++)
    t.notOk('retryAfter' in (await failure(t, detector.detect(picture), 'GATEWAY_BUSY')).params);
});

for (const status of [500, 502]) {
  t.test(`${status}: the server is at fault`, async (t) => {
    const { detector } = await gatewayFor(t, { '/detect': () => ({ status, body: 'Internal Server Error' }) });
    const error = await failure(t, detector.detect(picture), 'GATEWAY_FAILED');
    t.match(error.message, `status ${status}`);
  });
}

t.test('a request that the server does not take', async (t) => {
  const detail = [{ type: 'missing', loc: ['body', 'file'], msg: 'Field required' }];
  const { detector } = await gatewayFor(t, { '/detect': () => ({ status: 422, body: { detail } }) });
  const error = await failure(t, detector.detect(picture), 'GATEWAY_REFUSED');
  t.match(error.message, 'Field required');
});

t.test('what is no picture is the picture’s fault', async (t) => {
  const said = ['Could not decode image', 'Empty file'];
  const { detector } = await gatewayFor(
    t,
    { '/detect': (_, count) => ({ status: 400, body: { detail: said[count - 1] } }) },
    { fallbackLocal: true },
  );
  await failure(t, detector.detect(Buffer.from('text')), 'IMAGE_UNDECODABLE');
  await failure(t, detector.detect(Buffer.from('text')), 'IMAGE_EMPTY');
});

const garbage = {
  'HTML with status 200': '<html>',
  'truncated JSON': '{"boxes": [[1, 2',
  'a JSON list': '[]',
  'a JSON number': '7',
  'null lists': result({ labels: null }),
  'a box of two numbers': result({ boxes: [[1, 2]] }),
  'a box of texts': result({ boxes: [['1', '2', '3', '4']] }),
  'a label that is a number': result({ labels: [7] }),
  'no box for a label': result({ boxes: [] }),
};
for (const [name, body] of Object.entries(garbage)) {
  t.test(`an answer that no server gives: ${name}`, async (t) => {
    const { detector } = await gatewayFor(t, { '/detect': () => ({ body }) });
    await failure(t, detector.detect(picture), 'GATEWAY_UNEXPECTED');
  });
}

t.test('something else listens there', async (t) => {
  for (const answer of [{ status: 404, body: 'Not found' }, { body: '<html>' }, { body: { paths: { '/zm': {} } } }]) {
    const { detector } = await gatewayFor(t, { '/openapi.json': () => answer });
    await failure(t, detector.detect(picture), 'GATEWAY_UNEXPECTED');
  }
});

t.test('the caller hangs up', async (t) => {
  const { detector, gateway } = await gatewayFor(t, { '/detect': () => 'hang' }, { fallbackLocal: true });
  const reason = new Error('enough');
  const promise = detector.detect(picture, { signal: AbortSignal.any([abortedIn(100, reason)]) });
  await t.rejects(promise, reason);
  t.strictSame(gateway.routes(), ['/detect']);
  await t.rejects(detector.detect(picture, { signal: AbortSignal.abort(reason) }), reason);
});

function abortedIn(milliseconds: number, reason: Error): AbortSignal {
  const controller = new AbortController();
  setTimeout(() => controller.abort(reason), milliseconds);
  return controller.signal;
}

const local = { models: [embeddedModel], fallbackLocal: true };
const faults: Answers = {
  refused: () => 'cut',
  hangs: () => 'hang',
  busy: () => ({ status: 503 }),
  broken: () => ({ status: 500 }),
  'refuses the token': () => ({ status: 401, body: { detail: 'Invalid token' } }),
  'answers garbage': () => ({ body: '<html>' }),
  'lacks the model': () => ({ body: { detections: [], error: "no model loaded for type=object name='default'" } }),
};
for (const [name, answer] of Object.entries(faults)) {
  t.test(`with fallbackLocal a gateway that ${name} is stood in for, and that is logged`, async (t) => {
    const gateway = await FakeGateway.start(t, 'G4', { '/infer': answer });
    const { detector, log } = detectorFor(t, { gateway: gateway.url, gatewayTimeout: 0.2, ...local });
    const found = await detector.detect(picture);
    t.equal(found.ranOn, 'local');
    t.ok(found.detections.length > 0);
    const told = log.lines.filter(({ message }) => message.includes('the gateway failed'));
    t.equal(told.length, 1);
    t.match(told[0], { level: 'warn', fields: { code: /^GATEWAY_/ } });
  });
}

t.test('frames that the gateway has looked at before it failed stay; the others are looked at here', async (t) => {
  const gateway = await FakeGateway.start(t, 'G4', {
    '/infer': (_, count) => (count === 1 ? { body: inferred('person') } : { status: 503 }),
  });
  const { detector, log } = detectorFor(t, { gateway: gateway.url, ...local, frameStrategy: 'most' });
  const zm = FakeEvent.of('1', '2', '3');
  const found = await detector.detectEvent(zm, 7, { streamConfig: { frameSet: ['1', '2', '3'] } });
  t.ok(found.detections.length > 1);
  t.equal(found.ranOn, 'local');
  t.equal(zm.fetched.length, 2);
  t.equal(log.lines.filter(({ message }) => message.includes('the gateway failed')).length, 1);
});

t.test('a gateway that hangs is waited for once, not for each frame', async (t) => {
  for (const generation of ['G4', 'zmdetectd'] as const) {
    const gateway = await FakeGateway.start(t, generation, { '/infer': () => 'hang' });
    const { detector } = detectorFor(t, { gateway: gateway.url, gatewayTimeout: 0.5, ...local, frameStrategy: 'most' });
    await detector.detect(picture);
    const begun = performance.now();
    const frames = ['1', '2', '3', '4', '5', '6'];
    await detector.detectEvent(FakeEvent.of(...frames), 7, { streamConfig: { frameSet: frames } });
    t.ok(performance.now() - begun < 2 * 500, generation);
  }
});

t.test('without it the error is the caller’s, and no model is loaded', async (t) => {
  const { detector, log } = await gatewayFor(t, {
    '/infer': () => ({ status: 503 }),
    '/detect': () => ({ status: 503 }),
  });
  await failure(t, detector.detect(picture), 'GATEWAY_BUSY');
  t.strictSame(
    log.lines.filter(({ level }) => level !== 'debug'),
    [],
  );
});

t.test('a detector that is closed during a call loads no model in its place', async (t) => {
  const { detector, gateway, log } = await gatewayFor(t, { '/detect': () => 'hang' }, local);
  const found = detector.detect(picture);
  while (gateway.asked.length === 0) await wait(5);
  await detector.close();
  await failure(t, found, 'DETECTOR_CLOSED');
  t.notMatch(log.text, 'model loaded');
});

t.test('a closed detector says so', async (t) => {
  const { detector } = await gatewayFor(t, { '/detect': () => ({ body: result() }) });
  await detector.close();
  await failure(t, detector.detect(picture), 'DETECTOR_CLOSED');
});
