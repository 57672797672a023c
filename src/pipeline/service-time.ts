/** How long the engine takes for a picture when it has always another one: the time from one answer to the next. */

/** Answers are taken together for at least so long, since those of one batch come at the same moment. */
const windowMs = 50;
const windowAnswers = 4;
/** What is left of the past with each new window: some twenty answers, or a quarter of a second, count. */
const memory = 0.8;
/** Answers that the guess made at loading is worth. */
const seedWeight = 4;

/**
 * Only times in which work was waiting say what the engine can do. A picture that had the engine to itself gives an
 * upper bound: its own latency, decoding and all.
 */
export class ServiceTime {
  #busyMs = 0;
  #answers = 0;
  #windowMs = 0;
  #windowAnswers = 0;

  /** Milliseconds for a picture; undefined until something is known. */
  get ms(): number | undefined {
    return this.#answers > 0 ? this.#busyMs / this.#answers : undefined;
  }

  /** A first guess, from a measurement at loading; what was learned before is forgotten. */
  seed(ms: number): void {
    this.#busyMs = ms * seedWeight;
    this.#answers = seedWeight;
    this.#windowMs = 0;
    this.#windowAnswers = 0;
  }

  /** An answer, so long after the one before it; others were waiting all that time. */
  next(ms: number): void {
    this.#windowMs += ms;
    this.#windowAnswers += 1;
    const isFull = this.#windowAnswers >= windowAnswers && this.#windowMs >= windowMs;
    if (isFull || this.#windowMs >= 20 * windowMs) this.#fold();
  }

  /** The whole latency of a picture that found the engine idle. */
  alone(ms: number): void {
    if (this.ms === undefined) this.seed(ms);
    else if (ms < this.ms) this.next(ms);
  }

  #fold(): void {
    this.#busyMs = this.#busyMs * memory + this.#windowMs;
    this.#answers = this.#answers * memory + this.#windowAnswers;
    this.#windowMs = 0;
    this.#windowAnswers = 0;
  }
}
