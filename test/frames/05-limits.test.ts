import t, { type Test } from 'tap';

import { FrameFetcher, type FrameFetcherOptions } from '../../src/frames/fetcher.js';
import { FetchPolicy } from '../../src/frames/policy.js';
import { FrameServer } from '../support/frame-server.js';

const MiB = 1024 * 1024;
const alarm = Buffer.alloc(1000, 'a');
const signal = new AbortController().signal;

async function setUp(t: Test, options: Partial<FrameFetcherOptions> = {}) {
  const server = await FrameServer.start({ pictures: { alarm } });
  const fetcher = new FrameFetcher({ version: '0', ...options });
  t.teardown(async () => {
    await fetcher.close();
    await server.close();
  });
  const get = (fid: string) =>
    fetcher.fetchFrame({ url: server.urlOf(fid), zmAuth: '', verifySsl: true, isLocal: true }, signal);
  return { server, fetcher, get };
}

t.test('a frame may have as many bytes as allowed, and not one more', async (t) => {
  for (const fid of ['alarm', 'gzip-alarm']) {
    t.match(await (await setUp(t, { maxFrameBytes: 1000 })).get(fid), { ok: true }, fid);
    t.match(await (await setUp(t, { maxFrameBytes: 999 })).get(fid), { ok: false, kind: 'too-large' }, fid);
  }
});

t.test('a declared length over the limit is refused before the body comes', async (t) => {
  const { get } = await setUp(t, { maxFrameBytes: MiB });
  t.match(await get(`declared-${MiB + 1}`), { ok: false, kind: 'too-large', reason: /larger than the 1048576 bytes/ });
});

t.test('an endless body is cut at the limit, and its connection with it', async (t) => {
  for (const fid of ['endless', 'endless-gzip']) {
    const { server, get } = await setUp(t, { maxFrameBytes: 4 * MiB });
    t.match(await get(fid), { ok: false, kind: 'too-large' }, fid);
    await untilNoSocket(server);
    t.ok(server.endlessBytes < 24 * MiB, `${server.endlessBytes} bytes sent: 4 MiB and what the sockets' buffers take`);
  }
});

t.test('endless bodies take no memory beyond the limit', async (t) => {
  const { get } = await setUp(t, { maxFrameBytes: 2 * MiB });
  const before = process.memoryUsage().rss;
  for (let round = 0; round < 20; round++) await get('endless');
  const grown = process.memoryUsage().rss - before;
  t.ok(grown < 200 * MiB, `grown by ${Math.round(grown / MiB)} MiB; all that was sent together is more`);
});

t.test('a small answer that unpacks to a large one is refused at the limit', async (t) => {
  const { get } = await setUp(t, { maxFrameBytes: MiB });
  t.match(await get('bomb'), { ok: false, kind: 'too-large' });
});

t.test('a connection that does not come about ends the fetch', async (t) => {
  const policy = new FetchPolicy({}, () => new Promise(() => undefined));
  const { fetcher } = await setUp(t, { policy, connectTimeoutMs: 300 });
  const outcome = await fetcher.fetchFrame(
    { url: 'http://cam.lan/', zmAuth: '', verifySsl: true, isLocal: true },
    signal,
  );
  t.match(outcome, { ok: false, kind: 'timeout', reason: /no connection in time/ });
});

t.test('silence before the answer ends the fetch', async (t) => {
  const { get } = await setUp(t, { idleTimeoutMs: 300 });
  t.match(await get('delay-5000-alarm'), { ok: false, kind: 'timeout', reason: /nothing was received in time/ });
});

t.test('silence within the answer ends the fetch and its connection', async (t) => {
  const { server, get } = await setUp(t, { idleTimeoutMs: 300 });
  t.match(await get('stall-alarm'), { ok: false, kind: 'too-slow' });
  await untilNoSocket(server);
});

t.test('a 404 whose body stalls is known at once', async (t) => {
  const { get } = await setUp(t, { idleTimeoutMs: 5000 });
  const started = performance.now();
  t.match(await get('missing-stall'), { kind: 'status', status: 404 });
  t.ok(performance.now() - started < 2000);
});

async function untilNoSocket(server: FrameServer): Promise<void> {
  while (server.sockets.size > 0) await new Promise((done) => setTimeout(done, 5));
}
