import { orAborted } from '../../or-aborted.js';

/** Runs one piece of work after another, in the order they came. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /** Rejects with the signal's reason as soon as that is aborted; work whose turn comes after that is not begun. */
  run<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const turn = this.#last.then(() => {
      signal.throwIfAborted();
      return work();
    });
    this.#last = turn.catch(() => undefined);
    return orAborted(turn, signal);
  }
}
