/**
 * Frames fetched for `/infer`, kept for a few seconds. The clients of that route ask for one model at a time, so the same
 * frame is wanted again at once; what ZoneMinder answers a minute later under the same URL may be another picture.
 *
 * A frame is found again only by whoever asks with the same URL, credentials and care about the certificate, and may
 * reach the same hosts.
 */
import type { FrameRequest } from '../frames/fetcher.js';
import type { FetchOutcome } from '../frames/outcome.js';
import { orAborted } from '../or-aborted.js';

export interface FrameCacheOptions {
  /** Life of a frame from its last byte on. Default 5,000. */
  readonly lifeMs?: number | undefined;
  /** Bytes of all frames kept; the oldest go first. Default 64 MiB. */
  readonly maxBytes?: number | undefined;
}

type Fetch = (request: FrameRequest, signal: AbortSignal) => Promise<FetchOutcome>;

interface Frame {
  readonly outcome: Promise<FetchOutcome>;
  /** Ends the fetch once nobody waits for it. */
  readonly controller: AbortController;
  waiting: number;
  /** 0 while the fetch is under way. */
  bytes: number;
  expiry: NodeJS.Timeout | undefined;
}

export class FrameCache {
  readonly #fetch: Fetch;
  readonly #lifeMs: number;
  readonly #maxBytes: number;
  /** In the order in which they were asked for first. */
  readonly #frames = new Map<string, Frame>();

  constructor(fetch: Fetch, { lifeMs = 5000, maxBytes = 64 * 1024 * 1024 }: FrameCacheOptions = {}) {
    this.#fetch = fetch;
    this.#lifeMs = lifeMs;
    this.#maxBytes = maxBytes;
  }

  /**
   * The frame, out of the cache or off the network; requests for the same frame share one fetch. Failures are not kept.
   * Rejects only when `signal` is aborted, with the signal's reason.
   */
  async fetchFrame(request: FrameRequest, signal: AbortSignal): Promise<FetchOutcome> {
    signal.throwIfAborted();
    const key = keyOf(request);
    const frame = this.#frames.get(key) ?? this.#begin(key, request);
    frame.waiting += 1;
    try {
      return await orAborted(frame.outcome, signal);
    } finally {
      frame.waiting -= 1;
      if (frame.waiting === 0 && frame.bytes === 0) this.#drop(key, frame);
    }
  }

  /** For a frame that turned out to be no picture: it may be one when it is asked for again. */
  forget(request: FrameRequest): void {
    const key = keyOf(request);
    const frame = this.#frames.get(key);
    if (frame !== undefined) this.#drop(key, frame);
  }

  /** Ends the fetches under way and lets go of every frame. */
  clear(): void {
    for (const [key, frame] of this.#frames) this.#drop(key, frame);
  }

  #begin(key: string, request: FrameRequest): Frame {
    const controller = new AbortController();
    const frame: Frame = {
      outcome: this.#fetch(request, controller.signal),
      controller,
      waiting: 0,
      bytes: 0,
      expiry: undefined,
    };
    this.#frames.set(key, frame);
    frame.outcome.then(
      (outcome) => this.#arrived(key, frame, outcome),
      () => this.#drop(key, frame),
    );
    return frame;
  }

  #arrived(key: string, frame: Frame, outcome: FetchOutcome): void {
    if (this.#frames.get(key) !== frame) return;
    if (!outcome.ok) {
      this.#drop(key, frame);
      return;
    }
    frame.bytes = outcome.bytes.length;
    frame.expiry = setTimeout(() => this.#drop(key, frame), this.#lifeMs).unref();
    let kept = 0;
    // Newest first; a frame that alone is over the limit is not kept either.
    for (const [otherKey, other] of [...this.#frames].reverse()) {
      kept += other.bytes;
      if (other.bytes > 0 && kept > this.#maxBytes) this.#drop(otherKey, other);
    }
  }

  #drop(key: string, frame: Frame): void {
    clearTimeout(frame.expiry);
    frame.controller.abort();
    // Another frame may stand under the key by now.
    if (this.#frames.get(key) === frame) this.#frames.delete(key);
  }
}

function keyOf({ url, zmAuth, verifySsl, isLocal }: FrameRequest): string {
  return JSON.stringify([url, zmAuth, verifySsl, isLocal]);
}
