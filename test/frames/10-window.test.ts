import { setTimeout as wait } from 'node:timers/promises';
import t from 'tap';

import { FrameFetcher } from '../../src/frames/fetcher.js';
import { MissCounter, retryMissing } from '../../src/frames/retry.js';
import { fetchInOrder, type MapOptions, mapFrames } from '../../src/frames/window.js';
import { FrameServer } from '../support/frame-server.js';

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);

/** Work that is ended by hand, entry by entry, and keeps count of itself. */
class Bench {
  readonly begun: number[] = [];
  readonly aborted: number[] = [];
  running = 0;
  mostRunning = 0;
  readonly #ends = new Map<number, () => void>();

  readonly work = async (entry: number, signal: AbortSignal): Promise<number> => {
    this.begun.push(entry);
    this.mostRunning = Math.max(this.mostRunning, ++this.running);
    try {
      await new Promise<void>((resolve, reject) => {
        this.#ends.set(entry, resolve);
        signal.addEventListener('abort', () => reject(signal.reason));
      });
      return entry * 10;
    } catch (error) {
      this.aborted.push(entry);
      throw error;
    } finally {
      this.running -= 1;
    }
  };

  async end(...entries: number[]): Promise<void> {
    for (const entry of entries) {
      this.#ends.get(entry)?.();
      await wait(1);
    }
  }
}

async function collect<T>(results: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const result of results) all.push(result);
  return all;
}

t.test('results come in the order of the request, whatever order the work ends in', async (t) => {
  for (const options of [{}, { concurrency: 1 }, { concurrency: 20 }, { window: 1 }, { concurrency: 3, window: 5 }]) {
    const work = async (entry: number) => {
      await wait((entry * 7) % 11);
      return entry;
    };
    t.same(await collect(mapFrames(numbers(12), work, options)), numbers(12), JSON.stringify(options));
  }
  t.same(await collect(mapFrames([], async () => 1)), []);
});

t.test('work begins with the first result asked for, and runs four at a time', async (t) => {
  const bench = new Bench();
  const results = mapFrames(numbers(9), bench.work);
  await wait(5);
  t.same(bench.begun, []);
  const first = results.next();
  t.same(bench.begun, [0, 1, 2, 3]);
  await bench.end(2);
  t.same(bench.begun, [0, 1, 2, 3, 4], 'one that ends makes room, though the first is not ready');
  await bench.end(0);
  t.same(await first, { done: false, value: 0 });
  await results.return();
  t.equal(bench.mostRunning, 4);
});

t.test('a slow entry holds up no more than the window behind it', async (t) => {
  const bench = new Bench();
  const results = mapFrames(numbers(20), bench.work, { concurrency: 2, window: 5 });
  const first = results.next();
  await bench.end(1, 2, 3, 4);
  t.same(bench.begun, [0, 1, 2, 3, 4]);
  await bench.end(0);
  await first;
  t.same(bench.begun.length, 5, 'what the consumer has in hand still counts');
  t.same(await results.next(), { done: false, value: 10 });
  t.same(bench.begun, [0, 1, 2, 3, 4, 5], 'the next is begun when the consumer comes back');
  await results.return();
});

t.test('leaving the loop aborts what is under way and begins nothing more', async (t) => {
  const bench = new Bench();
  const loop = (async () => {
    for await (const result of mapFrames(numbers(9), bench.work, { concurrency: 3 })) return result;
  })();
  await bench.end(0);
  t.equal(await loop, 0);
  await wait(5);
  t.same(bench.begun, [0, 1, 2, 3]);
  t.same(bench.aborted, [1, 2, 3]);
  t.equal(bench.running, 0);
});

t.test('an abort from outside ends the loop at once with its reason', async (t) => {
  const controller = new AbortController();
  const deaf = mapFrames(numbers(9), () => new Promise(() => undefined), { signal: controller.signal });
  setTimeout(() => controller.abort(new Error('enough')), 10);
  await t.rejects(collect(deaf), /enough/);
  const bench = new Bench();
  await t.rejects(collect(mapFrames(numbers(3), bench.work, { signal: controller.signal })), /enough/);
  t.same(bench.begun, []);
});

t.test('work that fails ends the loop in its place, after the results before it', async (t) => {
  const begun: number[] = [];
  const work = async (entry: number) => {
    begun.push(entry);
    if (entry === 2) throw new Error('broken');
    await wait(10);
    return entry;
  };
  const seen: number[] = [];
  await t.rejects(async () => {
    for await (const result of mapFrames(numbers(20), work)) seen.push(result);
  }, /broken/);
  t.same(seen, [0, 1]);
  t.same(begun, [0, 1, 2, 3], 'nothing was begun for an iteration that cannot go on');
});

t.test('a bound below one is an error that names it', async (t) => {
  for (const options of [{ concurrency: 0 }, { window: -1 }, { concurrency: 1.5 }] as MapOptions[]) {
    await t.rejects(collect(mapFrames([1], async () => 1, options)), { code: 'OPTION_INVALID' });
  }
});

t.test('against a real server', async (t) => {
  const server = await FrameServer.start({
    pictures: { alarm: Buffer.from('alarm'), snapshot: Buffer.from('snapshot') },
  });
  const fetcher = new FrameFetcher({ version: '0' });
  t.teardown(async () => {
    await fetcher.close();
    await server.close();
  });
  const fetchOne = (url: string, signal: AbortSignal) =>
    fetcher.fetchFrame({ url, zmAuth: '', verifySsl: true, isLocal: true }, signal);
  const urls = (...fids: string[]) => fids.map((fid, index) => server.urlOf(fid, index));
  t.beforeEach(() => {
    server.requests.length = 0;
    server.mostAtOnce = 0;
  });

  t.test('no more is fetched at once than allowed, and slow frames overlap', async (t) => {
    const started = performance.now();
    const outcomes = await collect(
      fetchInOrder(urls(...numbers(12).map(() => 'delay-200-alarm')), fetchOne, { concurrency: 3 }),
    );
    t.ok(outcomes.every((outcome) => outcome.ok));
    t.equal(server.mostAtOnce, 3);
    t.ok(performance.now() - started < 12 * 200);
  });

  t.test('no more frames are held than allowed while the first is slow', async (t) => {
    const results = fetchInOrder(urls('delay-300-alarm', ...numbers(20).map(() => 'snapshot')), fetchOne, {
      concurrency: 4,
    });
    t.match(await results.next(), { value: { ok: true, bytes: Buffer.from('alarm') } });
    t.equal(server.requests.length, 4);
    await results.return();
  });

  t.test('many at once raise no warning', async (t) => {
    const warnings: Error[] = [];
    const hear = (warning: Error) => warnings.push(warning);
    process.on('warning', hear);
    await collect(fetchInOrder(urls(...numbers(80).map(() => 'delay-20-alarm')), fetchOne, { concurrency: 40 }));
    await wait(5);
    process.off('warning', hear);
    t.same(warnings, []);
  });

  t.test('frames and failures keep their places', async (t) => {
    const fids = ['delay-100-alarm', 'missing', 'snapshot', 'error', 'redirect-alarm', 'empty', 'alarm'];
    const outcomes = await collect(fetchInOrder(urls(...fids), fetchOne));
    t.same(
      outcomes.map((outcome) => (outcome.ok ? outcome.bytes.toString() : (outcome.status ?? outcome.kind))),
      ['alarm', 404, 'snapshot', 500, 'alarm', 'empty', 'alarm'],
    );
  });

  t.test('misses are counted in order and stop the rest', async (t) => {
    const retrying = (url: string, signal: AbortSignal) =>
      retryMissing((signal) => fetchOne(url, signal), { maxAttempts: 2, sleepBetweenAttempts: 0.01 }, signal);
    const misses = new MissCounter(2);
    const fids = [
      'alarm',
      'missing',
      'missing-1-alarm',
      'delay-50-missing',
      'missing',
      'alarm',
      ...numbers(20).map(() => 'alarm'),
    ];
    let looked = 0;
    for await (const outcome of fetchInOrder(urls(...fids), retrying)) {
      looked += 1;
      if (misses.isEnough(outcome)) break;
    }
    t.equal(looked, 5);
    t.ok(server.requests.length < 20);
  });

  t.test('leaving the loop closes the connections of fetches under way', async (t) => {
    for await (const outcome of fetchInOrder(urls('alarm', ...numbers(9).map(() => 'stall-alarm')), fetchOne)) {
      t.ok(outcome.ok);
      break;
    }
    while (server.atOnce > 0) await wait(5);
    t.ok(server.requests.length <= 5);
  });
});
