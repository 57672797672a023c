/** The parent's side of the load generator. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

import type { Job, Report } from './job.js';

type Message = { readonly report: Report } | { readonly error: string };

export class Generator {
  readonly #process: ChildProcess;

  constructor() {
    // Bytes cross as bytes.
    this.#process = fork(new URL('generator.js', import.meta.url), { serialization: 'advanced' });
  }

  /** One job at a time. */
  async run(job: Job): Promise<Report> {
    this.#process.send(job);
    const ended = new AbortController();
    try {
      const message = await Promise.race([
        once(this.#process, 'message', { signal: ended.signal }).then(([value]) => value as Message),
        once(this.#process, 'exit', { signal: ended.signal }).then(([code]): Message => ({
          error: `it ended with ${code}`,
        })),
      ]);
      if ('error' in message) throw new Error(`the load generator failed: ${message.error}`);
      return message.report;
    } finally {
      ended.abort();
    }
  }

  stop(): void {
    this.#process.disconnect();
  }
}
