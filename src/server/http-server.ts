/** The HTTP surface: finds the route, keeps track of what is in flight, answers in JSON, writes one log line a request. */
import { randomBytes } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { BlockList } from 'node:net';
import type { Logger } from 'pino';

import { type ErrorCode, ZmdetectError } from '../errors.js';
import { limits } from '../limits.js';
import { ByteBudget } from '../pipeline/byte-budget.js';
import { note, type Observer } from '../pipeline/observer.js';
import type { Exchange, Reply, Route } from './exchange.js';
import { HeldBytes } from './held-bytes.js';
import { clientAddress } from './http/address.js';
import type { EngineFactory, HttpAnswer, HttpEngine, HttpRequest, HttpResponse } from './http/engine.js';
import { errorReply } from './replies.js';
import { InvalidBody } from './validation.js';

/** Takes note of requests; routes by their template, since clients choose paths. */
export interface RequestObserver extends Observer {
  began(): void;
  ended(route: string | undefined, status: number, code: ErrorCode | undefined, milliseconds: number): void;
}

export interface HttpOptions {
  readonly engine: EngineFactory;
  readonly maxConnections?: number;
  readonly maxConnectionsPerAddress?: number;
  /** Proxies whose `X-Forwarded-For` names the client. */
  readonly trustedProxies?: BlockList | undefined;
  /** What all bodies together may take; absent: no limit. */
  readonly bytes?: ByteBudget;
  readonly observer?: RequestObserver | undefined;
}

export class HttpServer {
  readonly #engine: HttpEngine;
  readonly #routes = new Map<string, Map<string, Route>>();
  readonly #log: Logger;
  readonly #bytes: ByteBudget;
  readonly #bytesWithoutToken = new ByteBudget(limits.bytesWithoutToken.value);
  readonly #trustedProxies: BlockList;
  readonly #observer: RequestObserver | undefined;
  readonly #inFlight = new Set<AbortController>();
  #idle: (() => void) | undefined;
  #closed: Promise<void> | undefined;
  #count = 0;
  #droppedCount = 0;
  #droppedSaid = Number.NEGATIVE_INFINITY;
  /** Tells the requests of two runs of the daemon apart. */
  readonly #run = randomBytes(3).toString('hex');

  constructor(routes: readonly Route[], log: Logger, options: HttpOptions) {
    this.#log = log;
    this.#bytes = options.bytes ?? new ByteBudget();
    this.#observer = options.observer;
    this.#trustedProxies = options.trustedProxies ?? new BlockList();
    for (const route of routes) {
      const methods = this.#routes.get(route.path) ?? new Map<string, Route>();
      this.#routes.set(route.path, methods.set(route.method, route));
    }
    this.#engine = options.engine(
      {
        request: (request, response) => void this.#handle(request, response),
        refusal: (peer, fault) => this.#refusal(peer, fault),
        dropped: (peer, reason) => this.#dropped(peer, reason),
      },
      {
        maxConnections: options.maxConnections ?? limits.connections.value,
        maxConnectionsPerAddress: options.maxConnectionsPerAddress ?? limits.connectionsPerAddress.value,
      },
    );
  }

  /** Resolves to the port that is listened on. Rejects with CONFIG_INVALID when it cannot be had. */
  async listen(host: string, port: number): Promise<number> {
    if (port < 0 || port > 65535) throw new ZmdetectError('CONFIG_INVALID', { reason: `there is no port ${port}` });
    try {
      return await this.#engine.listen(host, port);
    } catch (error) {
      const reason = `cannot listen on ${host} port ${port}: the port is in use, or the address is not this machine's`;
      throw new ZmdetectError('CONFIG_INVALID', { reason }, { cause: error });
    }
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
    this.#engine.stop();
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
    await this.#engine.close();
  }

  async #handle(request: HttpRequest, response: HttpResponse): Promise<void> {
    const arrived = performance.now();
    const controller = new AbortController();
    // Every model that a request waits for listens.
    setMaxListeners(0, controller.signal);
    this.#inFlight.add(controller);
    this.#observer?.began();
    response.onAbort((reason) => controller.abort(reason));

    const id = this.#nextId();
    const held = new HeldBytes(this.#bytes);
    const heldWithoutToken = new HeldBytes(this.#bytesWithoutToken);
    const expiry = expiryOf(controller);
    const exchange: Exchange = {
      request,
      client: clientAddress(request.peer, request.headers['x-forwarded-for'], this.#trustedProxies),
      id,
      log: this.#log.child({ id }),
      signal: controller.signal,
      stages: {},
      observer: this.#observer,
      arrived,
      held,
      heldWithoutToken,
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
    heldWithoutToken.release();
    this.#inFlight.delete(controller);
    response.send(this.#outgoing(answer, id, this.#closed !== undefined || endsConnection(failure)));
    this.#note(exchange, answer.status, failure, performance.now() - arrived);
    if (this.#inFlight.size === 0) this.#idle?.();
  }

  #nextId(): string {
    this.#count += 1;
    return `${this.#run}-${this.#count}`;
  }

  #outgoing({ status, headers, text }: Answer, id: string, close: boolean): HttpAnswer {
    return { status, headers: { 'x-request-id': id, 'x-content-type-options': 'nosniff', ...headers }, text, close };
  }

  #refusal(peer: string, fault: ZmdetectError): HttpAnswer {
    const id = this.#nextId();
    const client = clientAddress(peer, undefined, this.#trustedProxies);
    const { status, code } = fault;
    this.#observer?.began();
    this.#observer?.ended(undefined, status, code, 0);
    this.#log.info({ id, client, method: null, route: null, status, code, reason: reasonOf(fault) }, 'request');
    return this.#outgoing(written(errorReply(fault)), id, true);
  }

  /** One line a second at most: whoever opens connections without end should not fill the disk too. */
  #dropped(peer: string, reason: string): void {
    this.#droppedCount += 1;
    const now = performance.now();
    if (now - this.#droppedSaid < 1000) return;
    this.#droppedSaid = now;
    const client = clientAddress(peer, undefined, this.#trustedProxies);
    this.#log.warn({ client, reason, connections: this.#droppedCount }, 'connections refused');
    this.#droppedCount = 0;
  }

  async #answer(exchange: Exchange): Promise<Reply> {
    if (this.#closed !== undefined) throw new ZmdetectError('ENGINE_CLOSED');
    const { method, path, query, fault } = exchange.request;
    if (fault !== undefined) throw fault;
    const methods = this.#routes.get(path);
    if (methods === undefined) {
      const plain = path.replace(/\/+$/, '');
      if (plain !== path && this.#routes.has(plain)) {
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
    const { request, client, log, stages } = exchange;
    const route = this.#routes.has(request.path) ? request.path : undefined;
    const code = failure instanceof ZmdetectError ? failure.code : undefined;
    this.#observer?.ended(route, status, code, milliseconds);
    const entry = {
      client,
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

/** After a fault of framing it is not known where the next request begins. */
function endsConnection(failure: unknown): boolean {
  if (!(failure instanceof ZmdetectError)) return false;
  const codes: readonly ErrorCode[] = [
    'REQUEST_MALFORMED',
    'REQUEST_TIMEOUT',
    'HEADERS_TOO_LARGE',
    'TRANSFER_CODING_UNKNOWN',
  ];
  return codes.includes(failure.code);
}

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
