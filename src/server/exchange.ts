/** One request on its way through the server, and what a route answers with. */
import type { Request, Response } from 'hyper-express';
import type { Logger } from 'pino';

import type { Operation } from './api/operation.js';
import type { IncomingBody } from './incoming-body.js';

/** A JSON answer. `body` of undefined sends none. */
export interface Reply {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Exchange {
  readonly request: Request;
  readonly response: Response;
  readonly body: IncomingBody;
  /** Names the request in the log and in the `x-request-id` header. */
  readonly id: string;
  readonly log: Logger;
  /** Aborted when the client hangs up or the server stops waiting for requests in flight. */
  readonly signal: AbortSignal;
  /** Milliseconds by stage, summed over frames; part of the request's log line. */
  readonly stages: Record<string, number>;
}

export interface Route {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly operation: Operation;
  handle(exchange: Exchange): Reply | Promise<Reply>;
}
