import t from 'tap';

import { FrameFetcher } from '../../src/frames/fetcher.js';
import type { FetchFailureKind, FetchOutcome } from '../../src/frames/outcome.js';
import { MissCounter, retryMissing, type Sleep } from '../../src/frames/retry.js';
import { FrameServer } from '../support/frame-server.js';

const signal = new AbortController().signal;
const frame: FetchOutcome = { ok: true, bytes: Buffer.from('x'), finalUrl: '', milliseconds: 1 };
const answer = (status: number): FetchOutcome => ({ ok: false, kind: 'status', status, reason: '' });
const failure = (kind: FetchFailureKind): FetchOutcome => ({ ok: false, kind, reason: '' });

/** Retries over given outcomes; returns the last, how many were asked for and the sleeps between, in ms. */
async function retried(
  outcomes: readonly FetchOutcome[],
  options: { maxAttempts?: number; sleepBetweenAttempts?: number },
) {
  const sleeps: number[] = [];
  const sleep: Sleep = async (milliseconds) => {
    sleeps.push(milliseconds);
  };
  let tries = 0;
  const fetchOnce = async () => outcomes[Math.min(tries++, outcomes.length - 1)] ?? frame;
  const outcome = await retryMissing(fetchOnce, { ...options, sleep }, signal);
  return { outcome, tries, sleeps };
}

t.test('without options there is one try', async (t) => {
  t.match(await retried([answer(404)], {}), { tries: 1, sleeps: [], outcome: answer(404) });
});

t.test('a 404 is asked again as many times in total as said, with the sleep between', async (t) => {
  const options = { maxAttempts: 3, sleepBetweenAttempts: 0.5 };
  t.match(await retried([answer(404)], options), { tries: 3, sleeps: [500, 500], outcome: answer(404) });
  t.match(await retried([answer(404), frame], options), { tries: 2, sleeps: [500], outcome: frame });
  t.match(await retried([answer(404)], { maxAttempts: 2 }), { tries: 2, sleeps: [3000] });
});

t.test('zero and negative attempts are one', async (t) => {
  for (const maxAttempts of [0, -1]) t.match(await retried([answer(404)], { maxAttempts }), { tries: 1 });
});

t.test('whatever a frame looks like while it is written is asked again', async (t) => {
  const kinds = ['empty', 'cut', 'undecodable', 'network'] as const;
  for (const outcome of [...[500, 502, 503, 504].map(answer), ...kinds.map(failure)]) {
    t.match(await retried([outcome, frame], { maxAttempts: 3 }), { tries: 2, outcome: frame });
    t.match(await retried([outcome], { maxAttempts: 3 }), { tries: 3, outcome });
    t.match(await retried([outcome], {}), { tries: 1, outcome });
  }
});

t.test('what will not come is not asked again', async (t) => {
  const kinds = [
    'timeout',
    'too-slow',
    'too-large',
    'stream',
    'tls',
    'refused-by-policy',
    'redirects',
    'bad-url',
  ] as const;
  for (const outcome of [frame, ...[400, 401, 403, 410, 501].map(answer), ...kinds.map(failure)]) {
    t.match(await retried([outcome], { maxAttempts: 5 }), { tries: 1, outcome });
  }
});

t.test('a frame that is written late is found on a real server', async (t) => {
  const server = await FrameServer.start({ pictures: { alarm: Buffer.from('alarm') } });
  const fetcher = new FrameFetcher({ version: '0' });
  t.teardown(async () => {
    await fetcher.close();
    await server.close();
  });
  const request = { url: server.urlOf('missing-2-alarm'), zmAuth: 'token=x', verifySsl: true, isLocal: true };
  const fetchOnce = (signal: AbortSignal) => fetcher.fetchFrame(request, signal);
  t.match(await retryMissing(fetchOnce, { maxAttempts: 3, sleepBetweenAttempts: 0.01 }, signal), { ok: true });
  t.equal(server.requests.length, 3);
});

t.test('a sleep ends when the request is aborted, with its reason', async (t) => {
  const controller = new AbortController();
  setTimeout(() => controller.abort(new Error('enough')), 20);
  const started = performance.now();
  const retrying = retryMissing(
    async () => answer(404),
    { maxAttempts: 2, sleepBetweenAttempts: 60 },
    controller.signal,
  );
  await t.rejects(retrying, /enough/);
  t.ok(performance.now() - started < 5000);
});

t.test('a sleep too long for a timer is still a sleep', async (t) => {
  const controller = new AbortController();
  setTimeout(() => controller.abort(new Error('enough')), 20);
  let tries = 0;
  const fetchOnce = async () => {
    tries += 1;
    return answer(404);
  };
  const options = { maxAttempts: 5, sleepBetweenAttempts: Number.POSITIVE_INFINITY };
  await t.rejects(retryMissing(fetchOnce, options, controller.signal), /enough/);
  t.equal(tries, 1);
});

/** How many of the outcomes are looked at before the counter says that it is enough. */
function looked(limit: number | undefined, outcomes: readonly FetchOutcome[]): number {
  const counter = new MissCounter(limit);
  const end = outcomes.findIndex((outcome) => counter.isEnough(outcome));
  return end === -1 ? outcomes.length : end + 1;
}

t.test('so many misses in a row end the request', (t) => {
  const seven = Array.from({ length: 7 }, () => answer(404));
  const cases = [
    [5, 5],
    [2, 2],
    [1, 1],
    [0, 1],
    [-3, 1],
    [8, 7],
    [undefined, 7],
  ] as const;
  for (const [limit, expected] of cases) t.equal(looked(limit, seven), expected, `limit ${limit}`);
  t.end();
});

t.test('any other answer starts the row anew; no answer leaves it as it is', (t) => {
  const miss = answer(404);
  for (const reset of [frame, answer(500), failure('empty'), failure('too-large')]) {
    t.equal(looked(2, [miss, reset, miss, frame, miss, miss, frame]), 6);
  }
  for (const kind of ['network', 'timeout', 'tls', 'refused-by-policy', 'bad-url'] as const) {
    t.equal(looked(2, [miss, failure(kind), miss, frame]), 3, kind);
  }
  t.end();
});
