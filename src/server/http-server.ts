/** The HTTP surface: finds the route, keeps track of what is in flight, answers in JSON, writes one log line a request. */
import { randomBytes } from 'node:crypto';
import { type Request, type Response, Server } from 'hyper-express';
import type { Logger } from 'pino';
import uws from 'uWebSockets.js';

import { ZmdetectError } from '../errors.js';
import type { Exchange, Reply, Route } from './exchange.js';
import { errorReply } from './replies.js';

export class HttpServer {
  readonly #server: Server;
  readonly #routes = new Map<string, Map<string, Route>>();
  readonly #log: Logger;
  readonly #inFlight = new Set<AbortController>();
  #idle: (() => void) | undefined;
  #closing = false;
  #count = 0;
  /** Tells the requests of two runs of the daemon apart. */
  readonly #run = randomBytes(3).toString('hex');

  constructor(routes: readonly Route[], log: Logger) {
    this.#log = log;
    for (const route of routes) {
      const methods = this.#routes.get(route.path) ?? new Map<string, Route>();
      this.#routes.set(route.path, methods.set(route.method, route));
    }
    // Each route limits its own body, so that the answer to too large a one is ours.
    this.#server = new Server({ auto_close: false, max_body_length: Number.MAX_SAFE_INTEGER });
    this.#server.any('/*', (request, response) => void this.#handle(request, response));
  }

  /** Resolves to the port that is listened on. Rejects with CONFIG_INVALID when it cannot be had. */
  async listen(host: string, port: number): Promise<number> {
    const app = this.#server.uws_instance;
    // uWebSockets.js lets several processes share a port unless it is told not to; hyper-express does not pass that on,
    // and the declared overloads leave this form out.
    const listen = app.listen.bind(app) as unknown as (...args: [string, number, number, Listening]) => void;
    app.listen = ((...[at, on, done]: [string, number, Listening]) =>
      listen(at, on, uws.LIBUS_LISTEN_EXCLUSIVE_PORT, done)) as typeof app.listen;
    try {
      if (port > 65535) throw new Error('no such port');
      await this.#server.listen(port, host);
    } catch (error) {
      const reason = `cannot listen on ${host} port ${port}: the port is in use, or the address is not this machine's`;
      throw new ZmdetectError('CONFIG_INVALID', { reason }, { cause: error });
    }
    return this.#server.port;
  }

  /**
   * Stops accepting, waits up to `graceMs` for what is in flight, then cancels the rest. Resolves when nothing is left.
   */
  async close(graceMs: number): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    this.#server.close();
    const idle = new Promise<void>((resolve) => {
      this.#idle = resolve;
    });
    if (this.#inFlight.size > 0) {
      const grace = setTimeout(() => {
        for (const controller of this.#inFlight) controller.abort(new ZmdetectError('ENGINE_CLOSED'));
      }, graceMs);
      await idle;
      clearTimeout(grace);
    }
    this.#server.uws_instance.close();
  }

  async #handle(request: Request, response: Response): Promise<void> {
    const started = performance.now();
    const controller = new AbortController();
    this.#inFlight.add(controller);
    response.on('abort', () => controller.abort(new ZmdetectError('CANCELLED')));

    this.#count += 1;
    const id = `${this.#run}-${this.#count}`;
    const stages: Record<string, number> = {};
    const log = this.#log.child({ id });
    const exchange: Exchange = { request, response, id, log, signal: controller.signal, stages };
    let failure: unknown;
    let reply: Reply;
    try {
      reply = await this.#answer(exchange);
    } catch (error) {
      failure = error;
      reply = errorReply(error);
    }
    this.#inFlight.delete(controller);
    send(response, id, request.method === 'HEAD' ? { ...reply, body: undefined } : reply);
    this.#logRequest(exchange, reply, failure, performance.now() - started);
    if (this.#inFlight.size === 0) this.#idle?.();
  }

  async #answer(exchange: Exchange): Promise<Reply> {
    const { method, path } = exchange.request;
    const methods = this.#routes.get(path);
    if (methods === undefined) {
      const plain = path.replace(/\/+$/, '');
      if (plain !== path && this.#routes.has(plain)) {
        const query = exchange.request.path_query;
        return { status: 307, headers: { location: query ? `${plain}?${query}` : plain } };
      }
      throw new ZmdetectError('NOT_FOUND');
    }
    const route = methods.get(method);
    if (route !== undefined) return await route.handle(exchange);
    const reply = errorReply(new ZmdetectError('METHOD_NOT_ALLOWED'));
    return { ...reply, headers: { ...reply.headers, allow: [...methods.keys()].join(', ') } };
  }

  /** The path of an unknown route and every query string stay out of the log: clients put credentials there. */
  #logRequest(exchange: Exchange, reply: Reply, failure: unknown, milliseconds: number): void {
    const { request, log, stages } = exchange;
    const entry = {
      method: request.method,
      route: this.#routes.has(request.path) ? request.path : null,
      status: reply.status,
      ms: rounded(milliseconds),
      ...(Object.keys(stages).length > 0
        ? { stages: Object.fromEntries(Object.entries(stages).map(([name, ms]) => [name, rounded(ms)])) }
        : {}),
      ...(failure instanceof ZmdetectError ? { code: failure.code, reason: reasonOf(failure) } : {}),
    };
    if (reply.status >= 500 && !(failure instanceof ZmdetectError)) log.error({ ...entry, err: failure }, 'request');
    else if (reply.status >= 500) log.error(entry, 'request');
    else log.info(entry, 'request');
  }
}

type Listening = (socket: unknown) => void;

function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 100) / 100;
}

/** What the table's text leaves out, such as why a picture could not be decoded. */
function reasonOf(error: ZmdetectError): string {
  return String(error.params.reason ?? error.message);
}

function send(response: Response, id: string, reply: Reply): void {
  if (response.completed) return;
  response.status(reply.status).header('x-request-id', id);
  const headers = { ...(reply.body === undefined ? {} : { 'content-type': 'application/json' }), ...reply.headers };
  for (const [name, value] of Object.entries(headers)) response.header(name, value);
  const text = headers['content-type']?.startsWith('text/') ? String(reply.body) : JSON.stringify(reply.body);
  response.send(text);
}
