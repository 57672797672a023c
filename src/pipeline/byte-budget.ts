/** Bounds the compressed bytes that wait in memory: bodies as they come in, and fetched frames. */
import { ZmdetectError } from '../errors.js';

export class ByteBudget {
  readonly limit: number;
  #used = 0;
  /** Whoever waits for room, in order. */
  readonly #waiting = new Set<() => void>();

  constructor(limit = Number.POSITIVE_INFINITY) {
    this.limit = limit;
  }

  get used(): number {
    return this.#used;
  }

  /** Errors: QUEUE_BYTES_FULL where so many more bytes would be over the limit. */
  check(bytes: number): void {
    if (this.#used + bytes > this.limit) throw new ZmdetectError('QUEUE_BYTES_FULL', { limit: this.limit });
  }

  /** Counts bytes that are there already. */
  add(bytes: number): void {
    this.#used += bytes;
  }

  give(bytes: number): void {
    this.#used -= bytes;
    for (const proceed of this.#waiting) {
      if (this.#used >= this.limit) return;
      this.#waiting.delete(proceed);
      proceed();
    }
  }

  /** Resolves once the limit is not reached. Rejects with the signal's reason when that is aborted first. */
  async room(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    while (this.#used >= this.limit) {
      await new Promise<void>((resolve, reject) => {
        const proceed = () => {
          signal.removeEventListener('abort', abort);
          resolve();
        };
        const abort = () => {
          this.#waiting.delete(proceed);
          reject(signal.reason);
        };
        signal.addEventListener('abort', abort, { once: true });
        this.#waiting.add(proceed);
      });
    }
  }
}
