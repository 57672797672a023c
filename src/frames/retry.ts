/**
 * Frames that ZoneMinder has not written yet, or not to the end: the same frame is asked for again, by `max_attempts` of
 * the third wire generation, and a request gives up after too many frames in a row that are not there (status 404).
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
 * The first outcome that is a frame or a failure that stays, or that of the last try. Rejects only when `signal` is
 * aborted.
 */
export async function retryMissing<Outcome extends FrameOutcome>(
  fetchOnce: (signal: AbortSignal) => Promise<Outcome>,
  options: RetryOptions,
  signal: AbortSignal,
): Promise<Outcome> {
  const attempts = new Attempts(options);
  let outcome = await fetchOnce(signal);
  while (await attempts.another(outcome, signal)) outcome = await fetchOnce(signal);
  return outcome;
}

/** The tries that one frame has, where its fetch and its decoding happen in different places. */
export class Attempts {
  readonly #options: RetryOptions;
  #made = 1;

  constructor(options: RetryOptions) {
    this.#options = options;
  }

  /** Waits until it is time for another try, and counts it; false at once where there is none to make. */
  async another(outcome: FrameOutcome, signal: AbortSignal): Promise<boolean> {
    const { maxAttempts = 1, sleepBetweenAttempts = 3, sleep = sleepFor } = this.#options;
    if (this.#made >= maxAttempts || !mayComeYet(outcome)) return false;
    this.#made += 1;
    await sleep(sleepBetweenAttempts * 1000, signal);
    return true;
  }
}

/** Failures in which the server said nothing about the frame: they neither count as a miss nor end a row of misses. */
const withoutAnswer: ReadonlySet<FetchFailureKind> = new Set([
  'network',
  'cut',
  'timeout',
  'tls',
  'refused-by-policy',
  'redirects',
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

/** Statuses of a server that has no frame now. */
const passing = new Set([404, 500, 502, 503, 504]);
/**
 * What a frame looks like while it is written. ZoneMinder 1.36 answers 200 without a byte for a frame that its database
 * does not know yet, and a picture that is cut, or a page in its place, shows only when it is decoded.
 */
const unwritten: ReadonlySet<FetchFailureKind> = new Set(['empty', 'cut', 'undecodable', 'network']);

export function mayComeYet(outcome: FrameOutcome): boolean {
  if (outcome.ok) return false;
  return outcome.kind === 'status' ? passing.has(outcome.status ?? 0) : unwritten.has(outcome.kind);
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
