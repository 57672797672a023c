/** The HTTP surface: finds the route, keeps track of what is in flight, answers in JSON, writes one log line a request. */
import { randomBytes } from 'node:crypto';
import { type Request, type Response, Server } from 'hyper-express';
import type { Logger } from 'pino';
import uws from 'uWebSockets.js';

import { type ErrorCode, ZmdetectError } from '../errors.js';
import { ByteBudget } from '../pipeline/byte-budget.js';
import { note, type Observer } from '../pipeline/observer.js';
import type { Exchange, Reply, Route } from './exchange.js';
import { HeldBytes } from './held-bytes.js';
import { IncomingBody } from './incoming-body.js';
import { errorReply } from './replies.js';
import { InvalidBody } from './validation.js';

/** Takes note of requests; routes by their template, since clients choose paths. */
export interface RequestObserver extends Observer {
  began(): void;
  ended(route: string | undefined, status: number, code: ErrorCode | undefined, milliseconds: number): void;
}

export interface HttpOptions {
  /** What all bodies together may take; absent: no limit. */
  readonly bytes?: ByteBudget;
  readonly observer?: RequestObserver | undefined;
}

export class HttpServer {
  readonly #server: Server;
  readonly #routes = new Map<string, Map<string, Route>>();
  readonly #log: Logger;
  readonly #bytes: ByteBudget;
  readonly #observer: RequestObserver | undefined;
  readonly #inFlight = new Set<AbortController>();
  #idle: (() => void) | undefined;
  #closed: Promise<void> | undefined;
  #count = 0;
  /** Tells the requests of two runs of the daemon apart. */
  readonly #run = randomBytes(3).toString('hex');

  constructor(routes: readonly Route[], log: Logger, { bytes = new ByteBudget(), observer }: HttpOptions = {}) {
    this.#log = log;
    this.#bytes = bytes;
    this.#observer = observer;
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
    if (port < 0 || port > 65535) throw new ZmdetectError('CONFIG_INVALID', { reason: `there is no port ${port}` });
    try {
      await this.#server.listen(port, host);
    } catch (error) {
      const reason = `cannot listen on ${host} port ${port}: the port is in use, or the address is not this machine's`;
      throw new ZmdetectError('CONFIG_INVALID', { reason }, { cause: error });
    }
    return this.#server.port;
  }

  /**
   * Stops accepting, on open connections too; waits up to `graceMs` for what is in flight, then cancels the rest.
   * Resolves when nothing is left.
   */
  close(graceMs: number): Promise<void> {
    this.#closed ??= this.#close(graceMs);
    return this.#closed;
  }

  async #close(graceMs: number): Promise<void> {
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
    const arrived = performance.now();
    const body = new IncomingBody(response);
    const controller = new AbortController();
    this.#inFlight.add(controller);
    this.#observer?.began();
    response.on('abort', () => controller.abort(new ZmdetectError('CANCELLED')));

    this.#count += 1;
    const id = `${this.#run}-${this.#count}`;
    const held = new HeldBytes(this.#bytes);
    const expiry = expiryOf(controller);
    const exchange: Exchange = {
      request,
      response,
      body,
      id,
      log: this.#log.child({ id }),
      signal: controller.signal,
      stages: {},
      observer: this.#observer,
      arrived,
      held,
      expireAt: expiry.at,
    };
    let failure: unknown;
    let answer: Answer;
    try {
      answer = encoded(exchange, await this.#answer(exchange));
    } catch (error) {
      failure = error;
      answer = written(errorReply(error));
    }
    expiry.clear();
    held.release();
    this.#inFlight.delete(controller);
    send(exchange, answer, this.#closed !== undefined);
    this.#note(exchange, answer.status, failure, performance.now() - arrived);
    if (this.#inFlight.size === 0) this.#idle?.();
  }

  async #answer(exchange: Exchange): Promise<Reply> {
    if (this.#closed !== undefined) throw new ZmdetectError('ENGINE_CLOSED');
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
  #note(exchange: Exchange, status: number, failure: unknown, milliseconds: number): void {
    const { request, log, stages } = exchange;
    const route = this.#routes.has(request.path) ? request.path : undefined;
    const code = failure instanceof ZmdetectError ? failure.code : undefined;
    this.#observer?.ended(route, status, code, milliseconds);
    const entry = {
      method: request.method,
      route: route ?? null,
      status,
      ms: rounded(milliseconds),
      ...(Object.keys(stages).length > 0
        ? { stages: Object.fromEntries(Object.entries(stages).map(([name, ms]) => [name, rounded(ms)])) }
        : {}),
      ...(failure instanceof ZmdetectError ? { code: failure.code, reason: reasonOf(failure) } : {}),
      ...(failure instanceof InvalidBody ? { reason: failure.message } : {}),
    };
    if (status >= 500 && !(failure instanceof ZmdetectError)) log.error({ ...entry, err: failure }, 'request');
    else if (status >= 500) log.error(entry, 'request');
    else log.info(entry, 'request');
  }
}

/** Node's timers take no more; nobody waits longer. */
const longestTimerMs = 2 ** 31 - 1;

function expiryOf(controller: AbortController) {
  let timer: NodeJS.Timeout | undefined;
  const expire = () => {
    controller.abort(new ZmdetectError('DEADLINE_EXCEEDED', { reason: 'Too busy: the deadline passed first' }));
  };
  return {
    at: (deadline: number): void => {
      const left = deadline - performance.now();
      if (left <= 0) expire();
      else timer = setTimeout(expire, Math.min(left, longestTimerMs));
    },
    clear: (): void => {
      clearTimeout(timer);
    },
  };
}

type Listening = (socket: unknown) => void;

function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 100) / 100;
}

/** What the table's text leaves out, such as why a picture could not be decoded. */
function reasonOf(error: ZmdetectError): string {
  return String(error.params.reason ?? error.message);
}

/** A reply as it goes out; made where a body that cannot be written still becomes an error's answer. */
interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string | undefined;
}

function encoded(exchange: Exchange, reply: Reply): Answer {
  const started = performance.now();
  const answer = written(reply);
  // Of the routes that look at pictures only: there it is one stage among others.
  if (Object.keys(exchange.stages).length > 0) note(exchange, 'encode', performance.now() - started);
  return answer;
}

function written({ status, body, headers = {} }: Reply): Answer {
  if (body === undefined) return { status, headers, text: undefined };
  if (typeof body === 'string' && headers['content-type'] !== undefined) return { status, headers, text: body };
  return { status, headers: { 'content-type': 'application/json', ...headers }, text: JSON.stringify(body) };
}

function send({ request, response, id }: Exchange, { status, headers, text }: Answer, thenClose: boolean): void {
  if (response.completed) return;
  // hyper-express would wait for the last byte of the upload. A client that is told "too large" may stop sending; the
  // rest from one that does not is dropped as it comes.
  request.received = true;
  response.status(status).header('x-request-id', id);
  for (const [name, value] of Object.entries(headers)) response.header(name, value);
  response.send(request.method === 'HEAD' ? undefined : text, thenClose);
}
