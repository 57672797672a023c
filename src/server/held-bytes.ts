/** What one request has in memory of its body and its frames, out of what all requests together may have. */
import type { ByteBudget } from '../pipeline/byte-budget.js';

export class HeldBytes {
  readonly #budget: ByteBudget;
  #held = 0;
  #released = false;

  constructor(budget: ByteBudget) {
    this.#budget = budget;
  }

  /** Errors: QUEUE_BYTES_FULL where there is no room for so many more. */
  check(bytes: number): void {
    // What is no length is refused where the body is read.
    this.#budget.check(Number.isFinite(bytes) ? bytes : 0);
  }

  /** Errors: QUEUE_BYTES_FULL. */
  take(bytes: number): void {
    this.#budget.check(bytes);
    this.add(bytes);
  }

  /** Counts bytes that are there already. */
  add(bytes: number): void {
    this.#change(bytes);
  }

  give(bytes: number): void {
    this.#change(-bytes);
  }

  /** The request is over; what still ends behind it is not counted any more. */
  release(): void {
    this.#change(-this.#held);
    this.#released = true;
  }

  #change(bytes: number): void {
    if (this.#released) return;
    this.#held += bytes;
    if (bytes > 0) this.#budget.add(bytes);
    else this.#budget.give(-bytes);
  }
}
