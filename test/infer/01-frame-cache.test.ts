import { setTimeout as wait } from 'node:timers/promises';
import t from 'tap';

import type { FrameRequest } from '../../src/frames/fetcher.js';
import type { FetchOutcome } from '../../src/frames/outcome.js';
import { FrameCache, type FrameCacheOptions } from '../../src/pipeline/frame-cache.js';

const frame: FrameRequest = { url: 'http://zm/index.php?fid=1', zmAuth: 'token=a', verifySsl: true, isLocal: true };
const never = new AbortController().signal;

/** A cache before a network whose answers the test gives, in the order of the questions. */
function cacheOf(options?: FrameCacheOptions) {
  const asked: { request: FrameRequest; signal: AbortSignal; answer: (outcome: FetchOutcome) => void }[] = [];
  const cache = new FrameCache(
    (request, signal) =>
      new Promise((answer, reject) => {
        asked.push({ request, signal, answer });
        signal.addEventListener('abort', () => reject(signal.reason));
      }),
    options,
  );
  return { cache, asked };
}

function picture(bytes = 10): FetchOutcome {
  return { ok: true, bytes: Buffer.alloc(bytes), finalUrl: 'http://zm/', milliseconds: 1 };
}

t.test('a frame that is asked for again comes out of the cache', async (t) => {
  const { cache, asked } = cacheOf();
  const first = cache.fetchFrame(frame, never);
  asked[0]?.answer(picture());
  t.equal(await cache.fetchFrame({ ...frame }, never), await first);
  t.equal(asked.length, 1);
});

t.test('requests at the same time share one fetch', async (t) => {
  const { cache, asked } = cacheOf();
  const both = [cache.fetchFrame(frame, never), cache.fetchFrame(frame, never)];
  asked[0]?.answer(picture());
  const [one, other] = await Promise.all(both);
  t.equal(one, other);
  t.equal(asked.length, 1);
});

t.test('another URL, other credentials and other care about certificates are another frame', async (t) => {
  const { cache, asked } = cacheOf();
  const variants = [
    frame,
    { ...frame, url: 'http://zm/index.php?fid=2' },
    { ...frame, zmAuth: 'token=b' },
    { ...frame, zmAuth: '' },
    { ...frame, verifySsl: false },
    { ...frame, isLocal: false },
  ];
  const all = variants.map((variant) => cache.fetchFrame(variant, never));
  for (const question of asked) question.answer(picture());
  await Promise.all(all);
  t.same(
    asked.map(({ request }) => request),
    variants,
  );
});

t.test('a frame is let go of after its life', async (t) => {
  const { cache, asked } = cacheOf({ lifeMs: 20 });
  const first = cache.fetchFrame(frame, never);
  asked[0]?.answer(picture());
  await first;
  await wait(60);
  void cache.fetchFrame(frame, never);
  t.equal(asked.length, 2);
  asked[1]?.answer(picture());
});

t.test('a failure is not kept', async (t) => {
  const { cache, asked } = cacheOf();
  const first = cache.fetchFrame(frame, never);
  asked[0]?.answer({ ok: false, kind: 'status', status: 404, reason: 'not there' });
  t.match(await first, { ok: false, reason: 'not there' });
  void cache.fetchFrame(frame, never);
  t.equal(asked.length, 2);
  asked[1]?.answer(picture());
});

t.test('what turned out to be no picture is asked for again', async (t) => {
  const { cache, asked } = cacheOf();
  const first = cache.fetchFrame(frame, never);
  asked[0]?.answer(picture());
  await first;
  cache.forget(frame);
  void cache.fetchFrame(frame, never);
  t.equal(asked.length, 2);
  asked[1]?.answer(picture());
});

t.test('the oldest frames go when the bytes are too many', async (t) => {
  const { cache, asked } = cacheOf({ maxBytes: 25 });
  for (const fid of ['1', '2', '3']) {
    const fetched = cache.fetchFrame({ ...frame, url: fid }, never);
    asked.at(-1)?.answer(picture());
    await fetched;
  }
  for (const fid of ['3', '2']) await cache.fetchFrame({ ...frame, url: fid }, never);
  t.equal(asked.length, 3, 'the two newest are there');
  void cache.fetchFrame({ ...frame, url: '1' }, never);
  t.equal(asked.length, 4, 'the oldest is not');
  asked[3]?.answer(picture());
});

t.test('who hangs up leaves the fetch to the others, and the last one ends it', async (t) => {
  const { cache, asked } = cacheOf();
  const [one, other] = [new AbortController(), new AbortController()];
  const [first, second] = [cache.fetchFrame(frame, one.signal), cache.fetchFrame(frame, other.signal)];
  one.abort(new Error('gone'));
  await t.rejects(() => first.then(), { message: 'gone' });
  t.equal(asked[0]?.signal.aborted, false);
  other.abort(new Error('gone as well'));
  await t.rejects(() => second.then(), { message: 'gone as well' });
  t.equal(asked[0]?.signal.aborted, true);
});
