import t, { type Test } from 'tap';

import { FrameFetcher } from '../../src/frames/fetcher.js';
import { FetchPolicy } from '../../src/frames/policy.js';
import { FrameServer } from '../support/frame-server.js';

const alarm = Buffer.alloc(1000, 'a');

async function setUp(t: Test, policy = new FetchPolicy()) {
  const server = await FrameServer.start({ pictures: { alarm } });
  const fetcher = new FrameFetcher({ version: '0', policy });
  t.teardown(async () => {
    await fetcher.close();
    await server.close();
  });
  return { server, fetcher };
}

const request = (url: string) => ({ url, zmAuth: 'token=SECRET', verifySsl: true, isLocal: true });

t.test(
  'an aborted fetch rejects with the reason given, at whatever stage it is, and frees its connection',
  async (t) => {
    for (const fid of ['delay-60000-alarm', 'stall-alarm', 'endless', 'redirect-delay-60000-alarm', 'declared-5']) {
      const { server, fetcher } = await setUp(t);
      const controller = new AbortController();
      const reason = new Error('enough');
      const fetching = fetcher.fetchFrame(request(server.urlOf(fid)), controller.signal);
      setTimeout(() => controller.abort(reason), 100);
      const error = await fetching.then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      t.equal(error, reason, fid);
      while (server.atOnce > 0) await new Promise((done) => setTimeout(done, 5));
    }
  },
);

t.test('an aborted signal asks nothing', async (t) => {
  const { server, fetcher } = await setUp(t);
  await t.rejects(fetcher.fetchFrame(request(server.urlOf('alarm')), AbortSignal.abort(new Error('enough'))), /enough/);
  t.equal(server.requests.length, 0);
});

t.test('an abort during the name lookup does not wait for it', async (t) => {
  const { fetcher } = await setUp(t, new FetchPolicy({}, () => new Promise(() => undefined)));
  const controller = new AbortController();
  setTimeout(() => controller.abort(new Error('enough')), 50);
  const started = performance.now();
  await t.rejects(fetcher.fetchFrame(request('http://cam.lan/'), controller.signal), /enough/);
  t.ok(performance.now() - started < 5000);
});

t.test('a fetch that is aborted before there is a connection is never sent', async (t) => {
  const { server, fetcher } = await setUp(
    t,
    new FetchPolicy({}, async () => {
      await new Promise((done) => setTimeout(done, 200));
      return [{ address: '127.0.0.1', family: 4 }];
    }),
  );
  const controller = new AbortController();
  setTimeout(() => controller.abort(new Error('enough')), 20);
  const url = server.urlOf('alarm').replace('127.0.0.1', 'cam.lan');
  await t.rejects(fetcher.fetchFrame(request(url), controller.signal), /enough/);
  await new Promise((done) => setTimeout(done, 400));
  t.equal(server.requests.length, 0);
});

t.test('a fetch that waits for a free connection can be aborted as well', async (t) => {
  const server = await FrameServer.start({ pictures: { alarm } });
  const fetcher = new FrameFetcher({ version: '0', connectionsPerOrigin: 1 });
  t.teardown(async () => {
    await fetcher.close();
    await server.close();
  });
  const first = fetcher.fetchFrame(request(server.urlOf('delay-500-alarm')), new AbortController().signal);
  const controller = new AbortController();
  setTimeout(() => controller.abort(new Error('enough')), 20);
  await t.rejects(fetcher.fetchFrame(request(server.urlOf('alarm')), controller.signal), /enough/);
  t.match(await first, { ok: true });
  t.equal(server.requests.length, 1);
});

t.test('an abort after the frame has arrived changes nothing', async (t) => {
  const { server, fetcher } = await setUp(t);
  const controller = new AbortController();
  const outcome = await fetcher.fetchFrame(request(server.urlOf('alarm')), controller.signal);
  controller.abort();
  t.match(outcome, { ok: true, bytes: alarm });
});

t.test('closing the fetcher ends what is under way as a failure', async (t) => {
  const { server, fetcher } = await setUp(t);
  const fetching = fetcher.fetchFrame(request(server.urlOf('delay-60000-alarm')), new AbortController().signal);
  setTimeout(() => void fetcher.close(), 50);
  t.match(await fetching, { ok: false, kind: 'network' });
});
