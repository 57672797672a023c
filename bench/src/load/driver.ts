/** The parent's side of the load generator. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';

import type { Job, Report } from './job.js';

type Message = { readonly report: Report } | { readonly error: string };

/** For answers to what was under way. */
const limitSeconds = 600;

export class Generator {
  readonly #process: ChildProcess;

  constructor() {
    // Bytes cross as bytes.
    this.#process = fork(new URL('generator.js', import.meta.url), { serialization: 'advanced' });
  }

  /** One job at a time. Errors: it failed, or the server did not come to an end with it. */
  async run(job: Job): Promise<Report> {
    this.#process.send(job);
    const ended = new AbortController();
    const seconds = limitSeconds + ('seconds' in job.load ? job.load.seconds : 0);
    try {
      const message = await Promise.race([
        once(this.#process, 'message', { signal: ended.signal }).then(([value]) => value as Message),
        once(this.#process, 'exit', { signal: ended.signal }).then(([code]): Message => ({
          error: `it ended with ${code}`,
        })),
        wait(seconds * 1000, { error: `no end after ${seconds.toFixed(0)} s` }, { signal: ended.signal }),
      ]);
      if ('error' in message) throw new Error(`the load generator failed: ${message.error}`);
      return message.report;
    } finally {
      ended.abort();
    }
  }

  stop(): void {
    if (this.#process.connected) this.#process.disconnect();
  }
}
