/**
 * The two rules that the third wire generation has for frames that ZoneMinder has not written yet (status 404): ask the
 * same frame again, and give up after too many such frames in a row.
 */
import { setTimeout as wait } from 'node:timers/promises';

import type { FetchFailure, FetchFailureKind } from './outcome.js';

/** Of a frame that was fetched, or fetched and looked at. */
export type FrameOutcome = { readonly ok: true } | FetchFailure;

/** Resolves after so many milliseconds; rejects with the signal's reason when that is aborted first. */
export type Sleep = (milliseconds: number, signal: AbortSignal) => Promise<void>;

export interface RetryOptions {
  /** Tries in total; below 1 counts as 1, which is the default. */
  readonly maxAttempts?: number | undefined;
  /** Seconds between two tries. Default 3. */
  readonly sleepBetweenAttempts?: number | undefined;
  readonly sleep?: Sleep | undefined;
}

/**
 * The first outcome that is a frame or an answer of another kind, or that of the last try. Rejects only when `signal` is
 * aborted. ZoneMinder 1.36 answers 200 without a byte for a frame that its database does not know yet: that is asked
 * again as well.
 */
export async function retryMissing<Outcome extends FrameOutcome>(
  fetchOnce: (signal: AbortSignal) => Promise<Outcome>,
  options: RetryOptions,
  signal: AbortSignal,
): Promise<Outcome> {
  const { maxAttempts = 1, sleepBetweenAttempts = 3, sleep = sleepFor } = options;
  let outcome = await fetchOnce(signal);
  for (let attempt = 1; attempt < maxAttempts && mayComeYet(outcome); attempt++) {
    await sleep(sleepBetweenAttempts * 1000, signal);
    outcome = await fetchOnce(signal);
  }
  return outcome;
}

/** Failures in which the server said nothing about the frame: they neither count as a miss nor end a row of misses. */
const withoutAnswer: ReadonlySet<FetchFailureKind> = new Set([
  'network',
  'timeout',
  'tls',
  'refused-by-policy',
  'bad-url',
]);

/** Counts frames in a row that stayed missing; to be told each frame's outcome in the order of the request. */
export class MissCounter {
  readonly #limit: number;
  #misses = 0;

  /** `limit`: misses in a row that end the request (0 ends it at the first as 1 does); undefined: never. */
  constructor(limit: number | undefined) {
    this.#limit = limit ?? Number.POSITIVE_INFINITY;
  }

  /** Takes the next frame's outcome; true where the request is to end here. */
  isEnough(outcome: FrameOutcome): boolean {
    if (!isMissing(outcome)) {
      if (outcome.ok || !withoutAnswer.has(outcome.kind)) this.#misses = 0;
      return false;
    }
    this.#misses += 1;
    return this.#misses >= this.#limit;
  }
}

function mayComeYet(outcome: FrameOutcome): boolean {
  return isMissing(outcome) || (!outcome.ok && outcome.kind === 'empty');
}

function isMissing(outcome: FrameOutcome): boolean {
  return !outcome.ok && outcome.kind === 'status' && outcome.status === 404;
}

/** Node's timers take 2^31 - 1 ms at most and fire at once when given more. */
const longestSleepMs = 2 ** 31 - 1;

async function sleepFor(milliseconds: number, signal: AbortSignal): Promise<void> {
  try {
    await wait(Math.min(Math.max(milliseconds, 0), longestSleepMs), undefined, { signal });
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}
