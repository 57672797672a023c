/** Counts who uses a loaded model, so that one which is replaced or unloaded is closed after its last user. */
import type { Loaded } from './load.js';

interface Entry {
  count: number;
  /** Set once the model is to be closed after the last of them. */
  closed: (() => void) | undefined;
}

export class Users {
  readonly #entries = new Map<Loaded, Entry>();

  get any(): boolean {
    return this.#entries.size > 0;
  }

  async use<T>(loaded: Loaded, work: () => Promise<T>): Promise<T> {
    const entry = this.#entries.get(loaded) ?? { count: 0, closed: undefined };
    this.#entries.set(loaded, entry);
    entry.count += 1;
    try {
      return await work();
    } finally {
      entry.count -= 1;
      if (entry.count === 0) {
        this.#entries.delete(loaded);
        if (entry.closed) void loaded.native.close().then(entry.closed);
      }
    }
  }

  /** Closes a model that gets no new users. Resolves when its memory is free. */
  async retire(loaded: Loaded): Promise<void> {
    const entry = this.#entries.get(loaded);
    if (entry === undefined) return await loaded.native.close();
    await new Promise<void>((resolve) => {
      entry.closed = resolve;
    });
  }
}
