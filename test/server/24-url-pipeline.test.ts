/** Fetching, decoding and looking at frames overlap, and nobody waits for what is not theirs. */
import t, { type Test } from 'tap';

import { type Settings, startDaemon } from '../support/daemon.js';
import { FrameServer } from '../support/frame-server.js';
import { metricOf } from '../support/metrics.js';
import { picture, urlsReplyOf } from '../support/shapes.js';

const pictures = { circles: picture('shapes-05').bytes, mixed: picture('shapes-10').bytes };

async function setUp(t: Test, settings: Settings = {}) {
  const frames = await FrameServer.start({ pictures });
  t.teardown(() => frames.close());
  const daemon = await startDaemon(t, settings);
  const ask = async (fids: readonly string[], fields: Readonly<Record<string, unknown>> = {}) => {
    const urls = fids.map((fid) => ({ frame_id: fid, url: frames.urlOf(fid) }));
    const { status, json } = await daemon.post('/detect_urls', { urls, ...fields });
    t.equal(status, 200);
    return urlsReplyOf(json).results.map(({ frame_id: id }) => id);
  };
  const metric = async (series: string) => metricOf((await daemon.get('/metrics')).text, series);
  const lookedAt = () => metric('zmdetect_model_pictures_total{model="default"}').catch(() => 0);
  /** Resolves when so many pictures have been looked at. */
  const looked = async (count: number) => {
    while ((await lookedAt()) < count);
  };
  return { frames, daemon, ask, metric, looked, lookedAt };
}

const times = (count: number, fid: string) => Array.from({ length: count }, () => fid);

t.test('frames come over few connections, which serve the next request as well', async (t) => {
  const { frames, ask } = await setUp(t, { fetch_concurrency: 3 });
  await ask(times(20, 'circles'));
  t.ok(frames.connections < 10, `${frames.connections} for 20 frames`);
  await ask(times(20, 'circles'));
  t.ok(frames.connections < 12, `${frames.connections} for 40`);
  t.equal(frames.requests.length, 40);
});

t.test('what is there is looked at while other frames are still being fetched', async (t) => {
  const { ask, looked } = await setUp(t);
  const answer = ask(['mixed', 'circles', 'mixed', 'delay-3000-circles']);
  const started = performance.now();
  await looked(3);
  t.ok(performance.now() - started < 3000, 'before the last one came');
  t.strictSame(await answer, ['mixed', 'circles', 'mixed', 'delay-3000-circles'], 'the order is that of the request');
});

t.test('a slow frame at the beginning holds up none behind it', async (t) => {
  const { ask, looked } = await setUp(t, { fetch_concurrency: 2 });
  const fids = ['delay-3000-circles', ...times(7, 'mixed')];
  const answer = ask(fids);
  const started = performance.now();
  await looked(7);
  t.ok(performance.now() - started < 3000);
  t.strictSame(await answer, fids);
});

t.test('a frame that is asked for again later leaves its turn to the others', async (t) => {
  const { ask, looked } = await setUp(t, { fetch_concurrency: 2 });
  const fids = ['missing-1-circles', 'missing-1-mixed', ...times(5, 'mixed')];
  const answer = ask(fids, { max_attempts: 2, sleep_between_attempts: 3 });
  const started = performance.now();
  await looked(5);
  t.ok(performance.now() - started < 3000, 'both are waited for, and the others come meanwhile');
  t.strictSame(await answer, fids);
});

t.test('a slow event holds up no other request', async (t) => {
  const { ask, daemon } = await setUp(t, { fetch_concurrency: 4 });
  let isOver = false;
  const slow = ask(times(4, 'delay-4000-circles')).then(() => (isOver = true));
  t.strictSame(await ask(['circles', 'mixed']), ['circles', 'mixed']);
  t.equal((await daemon.upload({ file: pictures.mixed })).status, 200);
  t.notOk(isOver);
  await slow;
});

t.test('stop_on_match: nothing behind the match is looked at, and one frame at most is fetched', async (t) => {
  const { frames, ask, lookedAt } = await setUp(t, { fetch_concurrency: 8 });
  t.strictSame(await ask(['circles', ...times(9, 'mixed')], { stop_on_match: true }), ['circles']);
  t.equal(await lookedAt(), 1);
  t.ok(frames.requests.length <= 2, `${frames.requests.length} fetched`);
});

t.test('stop_on_match: what is being fetched at the match is given up', async (t) => {
  const { frames, ask } = await setUp(t);
  const started = performance.now();
  t.strictSame(await ask(['circles', 'delay-20000-mixed'], { stop_on_match: true }), ['circles']);
  t.ok(performance.now() - started < 20_000);
  while (frames.atOnce > 0) await new Promise((resolve) => setTimeout(resolve, 10));
  t.ok(performance.now() - started < 20_000, 'and its connection is closed');
});

t.test('stop_on_match: the next frame is fetched while one is looked at', async (t) => {
  const { ask, frames } = await setUp(t);
  const zones = [
    {
      name: 'nowhere',
      value: [
        [9000, 9000],
        [9001, 9000],
        [9000, 9001],
      ],
    },
  ];
  await ask(times(6, 'delay-100-circles'), { stop_on_match: true, zones });
  t.equal(frames.requests.length, 6, 'without a match all are needed');
  t.equal(frames.mostAtOnce, 2);
});

t.test("an event's frames are bulk work, an upload is not", async (t) => {
  const { daemon, ask, metric } = await setUp(t, { decode_threads: 1 });
  const depth = (priority: string) => metric(`zmdetect_queue_depth{model="default",priority="${priority}"}`);
  const event = ask(times(60, 'mixed'));
  while ((await depth('bulk')) === 0);
  t.equal(await depth('interactive'), 0);
  await event;
  const uploads = Promise.all(Array.from({ length: 20 }, () => daemon.upload({ file: pictures.mixed })));
  while ((await depth('interactive')) === 0);
  t.equal(await depth('bulk'), 0);
  for (const { status } of await uploads) t.equal(status, 200);
});
