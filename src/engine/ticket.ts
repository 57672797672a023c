/** What a request is worth to the engine: how urgent it is, until when, and whether anybody still waits. */
import { ZmdetectError } from '../errors.js';
import { native, type TicketHandle } from './native.js';

export interface TicketOptions {
  /** Interactive work goes before bulk work, which is never starved. */
  readonly priority?: 'interactive' | 'bulk';
  /** Milliseconds from now; what has not begun by then is dropped with DEADLINE_EXCEEDED. */
  readonly deadlineMs?: number;
}

/** Node's timers take no more; nobody waits longer. */
const longestTimerMs = 2 ** 31 - 1;

/** Goes with one request through every queue; after `cancel` what has not begun is dropped with CANCELLED. */
export class Ticket {
  readonly handle: TicketHandle;
  /** On the clock of `performance.now()`. */
  readonly #deadline: number;
  readonly #races = new Set<(error: ZmdetectError) => void>();
  #cancelled = false;

  constructor({ priority = 'interactive', deadlineMs = Infinity }: TicketOptions = {}) {
    this.#deadline = performance.now() + deadlineMs;
    this.handle = native.createTicket(priority === 'bulk', deadlineMs);
  }

  cancel(): void {
    this.#cancelled = true;
    native.cancelTicket(this.handle);
    for (const lose of this.#races) lose(cancelled());
  }

  /**
   * The result, or a rejection at the moment when nobody waits for it any more, although the thread that works on it has
   * not come back. Then `abandon` gets the work that goes on. Errors: CANCELLED, DEADLINE_EXCEEDED; those of `work`.
   */
  race<T>(work: Promise<T>, abandon: (late: Promise<T>) => void = () => undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined;
      const end = () => {
        clearTimeout(timer);
        this.#races.delete(lose);
      };
      const lose = (error: ZmdetectError) => {
        end();
        abandon(work);
        reject(error);
      };
      this.#races.add(lose);
      work.then(resolve, reject).finally(end);
      if (this.#cancelled) return lose(cancelled());
      const left = this.#deadline - performance.now();
      if (left < Infinity) timer = setTimeout(() => lose(expired()), Math.min(Math.max(0, left), longestTimerMs));
    });
  }
}

function cancelled(): ZmdetectError {
  return new ZmdetectError('CANCELLED', { reason: 'the request was cancelled' });
}

function expired(): ZmdetectError {
  return new ZmdetectError('DEADLINE_EXCEEDED', { reason: 'the deadline passed before the picture was done' });
}
