/**
 * What serves connections: an HTTP engine parses requests and writes answers. Routes, limits on bodies, JSON and log lines
 * are above it, in `http-server.ts`, and do not depend on which engine runs.
 */
import type { HttpEngineName } from '../../config/server-config.js';
import type { ZmdetectError } from '../../errors.js';

/** The bytes of a request as they come in. What has no listener is dropped. */
export interface RequestBody {
  /** One listener at most; a request without a body still has one empty, last piece. */
  listen(listener: ((chunk: Buffer, isLast: boolean) => void) | undefined): void;
}

export interface HttpRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** What follows the question mark; empty where there is none. */
  readonly query: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Address of the other end of the connection. */
  readonly peer: string;
  readonly body: RequestBody;
  /** What is wrong with the header section: the answer to the request, after which the connection is closed. */
  readonly fault: ZmdetectError | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string | undefined;
  /** Whether the connection is closed after the answer. */
  readonly close: boolean;
}

export interface HttpResponse {
  /**
   * To be called once. The answer goes out at once; what is still to come of the request's body is dropped, and then the
   * connection serves on, or is closed in a way that lets the client read the answer.
   */
  send(answer: HttpAnswer): void;
  /** Calls `listener` when the request ends without an answer: the client hung up, or sends too slowly. */
  onAbort(listener: (reason: ZmdetectError) => void): void;
}

export interface HttpHandler {
  request(request: HttpRequest, response: HttpResponse): void;
  /** The answer to bytes that are no HTTP request. */
  refusal(peer: string, fault: ZmdetectError): HttpAnswer;
  /** A connection was not accepted. */
  dropped(peer: string, reason: string): void;
}

export interface HttpEngine {
  /** Resolves to the port that is listened on; no other process may have it. Rejects where it cannot be had. */
  listen(host: string, port: number): Promise<number>;
  /** Accepts no more connections and closes those that wait for a request. */
  stop(): void;
  /** Ends all connections, once answers that are on their way have left. */
  close(): Promise<void>;
}

export interface EngineOptions {
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
}

export type EngineFactory = (handler: HttpHandler, options: EngineOptions) => HttpEngine;

/** uWebSockets' binary is opened only where it is asked for. */
export async function engineFactory(name: HttpEngineName): Promise<EngineFactory> {
  if (name === 'node') {
    const { NodeEngine } = await import('./node-engine.js');
    return (handler, options) => new NodeEngine(handler, options);
  }
  const { HyperExpressEngine } = await import('./hyper-express-engine.js');
  return (handler) => new HyperExpressEngine(handler);
}
