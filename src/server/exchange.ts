/** One request on its way through the server, and what a route answers with. */
import type { Logger } from 'pino';

import type { Observer } from '../pipeline/observer.js';
import type { Operation } from './api/operation.js';
import type { HeldBytes } from './held-bytes.js';
import type { HttpRequest } from './http/engine.js';

/** A JSON answer. `body` of undefined sends none. */
export interface Reply {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Exchange {
  readonly request: HttpRequest;
  /** The client's address, behind proxies that are trusted too. */
  readonly client: string;
  /** Names the request in the log and in the `x-request-id` header. */
  readonly id: string;
  readonly log: Logger;
  /** Aborted when the client hangs up or the server stops waiting for requests in flight. */
  readonly signal: AbortSignal;
  /** Milliseconds by stage, summed over frames; part of the request's log line. */
  readonly stages: Record<string, number>;
  readonly observer?: Observer | undefined;
  /** When the request came, on the clock of `performance.now()`. */
  readonly arrived: number;
  /** What the request has in memory of its body. */
  readonly held: HeldBytes;
  /** The same for a body that is read although no valid token came. */
  readonly heldWithoutToken: HeldBytes;
  /** Aborts the signal with DEADLINE_EXCEEDED at that time, on the same clock. */
  readonly expireAt: (deadline: number) => void;
}

export interface Route {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly operation: Operation;
  handle(exchange: Exchange): Reply | Promise<Reply>;
}
