import { setTimeout as wait } from 'node:timers/promises';
import t, { type Test } from 'tap';

import { type Settings, startDaemon, until } from '../support/daemon.js';
import { FrameServer } from '../support/frame-server.js';
import { head, RawConnection } from '../support/raw-http.js';
import { picture, urlsReplyOf } from '../support/shapes.js';

const { bytes } = picture('shapes-05');

/** A daemon with a request in flight for one frame. */
async function setUp(t: Test, fid: string, settings: Settings = {}) {
  const frames = await FrameServer.start({ pictures: { circles: bytes } });
  t.teardown(() => frames.close());
  const daemon = await startDaemon(t, settings);
  const urls = [{ frame_id: fid, url: frames.urlOf(fid) }];
  const inFlight = daemon.post('/detect_urls', { urls });
  await until(() => frames.requests.length === 1);
  return { daemon, frames, inFlight };
}

t.test('a stop waits for requests in flight', async (t) => {
  const { daemon, inFlight } = await setUp(t, 'delay-1000-circles');
  const stopped = daemon.stop();
  const { status, json, headers } = await inFlight;
  t.equal(status, 200);
  t.equal(urlsReplyOf(json).labels.length, 2);
  t.equal(headers.get('connection'), 'close');
  await stopped;
});

t.test('meanwhile new connections are refused, and new requests on open ones', async (t) => {
  const { daemon, inFlight } = await setUp(t, 'delay-1000-circles');
  const connection = await RawConnection.open(daemon.port);
  const request = head('GET /health');
  connection.send(request);
  t.equal((await connection.answer()).status, 200);
  const { port } = daemon;
  // On its way when the stop comes: a connection that waits for a request may be closed.
  connection.send(request.slice(0, -2));
  await wait(100);
  const stopped = daemon.stop();
  connection.send(request.slice(-2));
  const { status, json, headers } = await connection.answer();
  t.equal(status, 503);
  t.strictSame(json, { detail: 'The server is shutting down' });
  t.equal(headers.connection?.toLowerCase(), 'close');
  await connection.closed();
  await t.rejects(RawConnection.open(port), { code: 'ECONNREFUSED' });
  t.equal((await inFlight).status, 200);
  await stopped;
});

t.test('what is not done within the configured time is cancelled, and told so', async (t) => {
  const { daemon, frames, inFlight } = await setUp(t, 'delay-60000-circles', {
    shutdown_seconds: 0.2,
    fetch_timeout_seconds: 60,
  });
  const connection = await RawConnection.open(daemon.port);
  connection.send(head('POST /login', { 'Content-Type': 'application/json', 'Content-Length': 10 }), '{"us');
  await wait(100);
  await daemon.stop();
  const { status, json } = await inFlight;
  t.equal(status, 503);
  t.strictSame(json, { detail: 'The server is shutting down' });
  t.equal((await connection.answer()).status, 503, 'an upload that was under way');
  await until(() => frames.atOnce === 0);
});

t.test('a stop ends idle connections', async (t) => {
  const daemon = await startDaemon(t);
  const connection = await RawConnection.open(daemon.port);
  connection.send(head('GET /health'));
  await connection.answer();
  await daemon.stop();
  await connection.closed();
  t.pass('closed');
});

t.test('a second stop waits for the first', async (t) => {
  const { daemon, inFlight } = await setUp(t, 'delay-500-circles');
  const first = daemon.stop();
  await Promise.all([first, daemon.stop()]);
  t.equal((await inFlight).status, 200);
});

t.test('the port is free again afterwards', async (t) => {
  const daemon = await startDaemon(t);
  const { port } = daemon;
  await daemon.stop();
  const next = await startDaemon(t, { port });
  t.equal((await next.get('/health')).status, 200);
});
