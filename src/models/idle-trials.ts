/**
 * Measures how models use the host's processors best, when nobody waits: a model that is loaded for a request answers
 * that first. One model at a time, after a while without use of any.
 */
export interface Trialled {
  /** Nobody uses it or is about to. */
  readonly idle: boolean;
  /** In memory, and not measured yet. */
  readonly awaitsTrials: boolean;
  /** Does not reject. Another call finds `awaitsTrials` false. */
  runTrials(): Promise<void>;
}

const idleMs = 5000;

export class IdleTrials {
  readonly #models: () => readonly Trialled[];
  readonly #idleMs: number;
  #timer: NodeJS.Timeout | undefined;
  #running = false;

  constructor(models: () => readonly Trialled[], waitMs = idleMs) {
    this.#models = models;
    this.#idleMs = waitMs;
  }

  /** A model was loaded or used: the wait begins anew. */
  touched(): void {
    clearTimeout(this.#timer);
    if (this.#running || !this.#models().some(({ awaitsTrials }) => awaitsTrials)) return;
    this.#timer = setTimeout(() => void this.#run(), this.#idleMs).unref();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#running = true;
  }

  async #run(): Promise<void> {
    const models = this.#models();
    const next = models.find(({ awaitsTrials }) => awaitsTrials);
    if (next === undefined || !models.every(({ idle }) => idle)) return this.touched();
    this.#running = true;
    await next.runTrials();
    this.#running = false;
    this.touched();
  }
}
