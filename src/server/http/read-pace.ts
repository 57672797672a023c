/** Whether a body comes fast enough to be waited for: some bytes every few seconds, and a least rate over its whole. */
import { limits } from '../../limits.js';

export class ReadPace {
  readonly #began: number;
  #last: number;
  #bytes = 0;

  /** Times are milliseconds on one clock. */
  constructor(now: number) {
    this.#began = now;
    this.#last = now;
  }

  received(bytes: number, now: number): void {
    this.#bytes += bytes;
    if (bytes > 0) this.#last = now;
  }

  isTooSlow(now: number): boolean {
    if (now - this.#last > limits.bodyIdleMs.value) return true;
    const allowed = limits.bodyGraceMs.value + (this.#bytes / limits.bodyBytesPerSecond.value) * 1000;
    return now - this.#began > allowed;
  }
}
