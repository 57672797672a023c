/** Says once in the log when a thread does not come back, and once when it has. */
import type { StuckThread } from '../engine/engine.js';
import type { Log } from '../log.js';

export class ThreadLog {
  readonly #log: Log;
  #known = new Map<string, string>();

  constructor(log: Log) {
    this.#log = log;
  }

  note(stuck: readonly StuckThread[]): void {
    const now = new Map(stuck.map(({ thread, what }) => [thread, what]));
    for (const { thread, what, seconds } of stuck) {
      if (this.#known.get(thread) === what) continue;
      this.#log.error(
        { thread, what, seconds: Math.floor(seconds) },
        'a thread has not come back: another takes its place',
      );
    }
    for (const [thread, what] of this.#known) {
      if (!now.has(thread)) this.#log.warn({ thread, what }, 'the thread has come back');
    }
    this.#known = now;
  }
}
