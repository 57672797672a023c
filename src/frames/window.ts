/**
 * Works on a list several entries at a time and hands the results out in the list's order.
 *
 * Two bounds: `concurrency` entries are worked on at once, and `window` entries are begun and not yet done with by the
 * consumer, so what waits behind a slow entry is bounded as well. Leaving the `for await` (break, return, throw) aborts
 * all that is still under way; nothing is begun before the first result is asked for.
 */
import { setMaxListeners } from 'node:events';

import { ZmdetectError } from '../errors.js';
import type { FetchOutcome } from './outcome.js';

const defaultConcurrency = 4;

export interface WindowOptions {
  /** Entries worked on at once. Default 4. */
  readonly concurrency?: number | undefined;
  /** Aborts the work and ends the iteration with its reason. */
  readonly signal?: AbortSignal | undefined;
}

export interface MapOptions extends WindowOptions {
  /**
   * Entries begun and not yet done with, the one in the consumer's hands included. Default 4 x `concurrency`: results
   * are small, and a frame that is being retried should not hold up those behind it.
   */
  readonly window?: number | undefined;
}

/** One entry's work; expected to reject soon after `signal` is aborted. */
export type Work<Entry, Result> = (entry: Entry, signal: AbortSignal) => Promise<Result>;

/**
 * Fetches ahead. At most `concurrency` frames are in memory, fetched or being fetched, the one in the consumer's hands
 * included: frames are megabytes.
 */
export function fetchInOrder<Entry>(
  entries: readonly Entry[],
  fetchOne: Work<Entry, FetchOutcome>,
  options: WindowOptions = {},
): AsyncGenerator<FetchOutcome, void, undefined> {
  return mapFrames(entries, fetchOne, { ...options, window: options.concurrency ?? defaultConcurrency });
}

/**
 * Runs `work` (fetch and analyse, say) for each entry and yields the results in order.
 *
 * Where `work` rejects, the results before it still come, then the iteration throws its error. Work that ignores its
 * signal is not waited for. Throws `OPTION_INVALID` for a bound below 1.
 */
export async function* mapFrames<Entry, Result>(
  entries: readonly Entry[],
  work: Work<Entry, Result>,
  options: MapOptions = {},
): AsyncGenerator<Result, void, undefined> {
  const concurrency = bound('concurrency', options.concurrency ?? defaultConcurrency);
  const window = bound('window', options.window ?? 4 * concurrency);
  options.signal?.throwIfAborted();

  const waiting = entries.values();
  const begun: Promise<Result>[] = [];
  let running = 0;
  let drained = false;
  const stop = stopSignal(options.signal);

  const fill = (): void => {
    while (!drained && running < concurrency && begun.length < window) {
      const next = waiting.next();
      if (next.done === true) drained = true;
      else begun.push(begin(next.value));
    }
  };
  const begin = (entry: Entry): Promise<Result> => {
    running += 1;
    const result = (async () => await work(entry, stop.signal))();
    const ended = (): void => {
      running -= 1;
      fill();
    };
    result.then(ended, () => {
      // The iteration will end at this entry: nothing behind it is wanted.
      drained = true;
      ended();
    });
    return result;
  };

  try {
    fill();
    for (let head = begun[0]; head !== undefined; head = begun[0]) {
      yield await Promise.race([head, stop.aborted]);
      void begun.shift();
      fill();
    }
  } finally {
    drained = true;
    stop.now();
  }
}

/** A signal that `outer` aborts or `now()` does, and a promise that rejects when that happens. */
function stopSignal(outer: AbortSignal | undefined) {
  const controller = new AbortController();
  const { signal } = controller;
  // Each entry's work listens to it; Node warns of a leak at more than ten.
  setMaxListeners(0, signal);
  const follow = (): void => controller.abort(outer?.reason);
  outer?.addEventListener('abort', follow, { once: true });
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  aborted.catch(() => undefined);
  const now = (): void => {
    outer?.removeEventListener('abort', follow);
    controller.abort();
  };
  return { signal, aborted, now };
}

function bound(name: string, value: number): number {
  if (!Number.isInteger(value) || value < 1) {
    throw new ZmdetectError('OPTION_INVALID', { name, expected: 'a whole number above 0', value });
  }
  return value;
}
