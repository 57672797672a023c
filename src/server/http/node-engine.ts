/** The engine on Node's own HTTP server (llhttp): HTTP/1.0 and 1.1, pipelining, trailers, chunk extensions. */
import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';

import { ZmdetectError } from '../../errors.js';
import { limits } from '../../limits.js';
import { addressKey } from './address.js';
import { Connections } from './connections.js';
import type {
  EngineOptions,
  HttpAnswer,
  HttpEngine,
  HttpHandler,
  HttpRequest,
  HttpResponse,
  RequestBody,
} from './engine.js';
import { malformed, readHeaders, readTarget } from './header-rules.js';
import { ReadPace } from './read-pace.js';

const readAheadRequests = 10;
const bytesPerPiece = 64;

export class NodeEngine implements HttpEngine {
  readonly #handler: HttpHandler;
  readonly #server: Server;
  readonly #connections: Connections;
  /** The requests of each connection whose answers have not left yet, in order. */
  readonly #exchanges = new Map<Socket, Set<NodeExchange>>();
  /** Connections whose bytes stopped being HTTP: no further request is read from them. */
  readonly #broken = new WeakSet<Duplex>();
  readonly #sweep: NodeJS.Timeout;

  constructor(handler: HttpHandler, options: EngineOptions) {
    this.#handler = handler;
    this.#connections = new Connections(options);
    this.#server = createServer({
      maxHeaderSize: limits.headerBytes.value,
      headersTimeout: limits.headerMs.value,
      // Bodies have limits of their own: on idle time, on the rate, and a deadline for the answer.
      requestTimeout: 0,
      keepAliveTimeout: limits.keepAliveMs.value,
      connectionsCheckingInterval: 1000,
      // Finds clients that vanished without closing.
      keepAlive: true,
      keepAliveInitialDelay: 30_000,
      insecureHTTPParser: false,
      requireHostHeader: true,
    });
    // Their bytes are limited; Node would drop those beyond a count without a word.
    this.#server.maxHeadersCount = 0;
    this.#server.on('connection', (socket) => this.#admit(socket));
    this.#server.on('request', (request, response) => this.#take(request, response, false));
    this.#server.on('checkContinue', (request, response) => this.#take(request, response, true));
    this.#server.on('connect', (request, socket) =>
      this.#refuse(socket, new ZmdetectError('METHOD_NOT_ALLOWED'), request),
    );
    this.#server.on('clientError', (error, socket) => this.#refuse(socket, parserFault(error)));
    this.#sweep = setInterval(() => {
      for (const exchange of this.#all()) exchange.sweep(performance.now());
    }, 1000);
    this.#sweep.unref();
  }

  async listen(host: string, port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ host, port, exclusive: true, backlog: 1024 }, resolve);
    });
    return (this.#server.address() as AddressInfo).port;
  }

  stop(): void {
    this.#server.close();
  }

  async close(): Promise<void> {
    this.stop();
    const leaving = [...this.#all()].map((exchange) => exchange.left);
    const patience = new Promise<void>((resolve) => setTimeout(resolve, limits.lingerMs.value).unref());
    await Promise.race([Promise.all(leaving), patience]);
    clearInterval(this.#sweep);
    this.#server.closeAllConnections();
  }

  *#all(): Generator<NodeExchange> {
    for (const exchanges of this.#exchanges.values()) yield* exchanges;
  }

  #admit(socket: Socket): void {
    const peer = socket.remoteAddress ?? '';
    const refusal = this.#connections.admit(socket, addressKey(peer));
    if (refusal !== undefined) {
      socket.destroy();
      this.#handler.dropped(peer, refusal);
      return;
    }
    socket.once('close', () => {
      for (const exchange of this.#exchanges.get(socket) ?? []) exchange.gone();
      this.#exchanges.delete(socket);
    });
  }

  #take(request: IncomingMessage, response: ServerResponse, expectsContinue: boolean): void {
    const { socket } = request;
    if (this.#broken.has(socket)) return;
    const exchanges = this.#exchanges.get(socket) ?? new Set();
    const busy = exchanges.size >= limits.pipelinedRequests.value ? new ZmdetectError('CONNECTION_BUSY') : undefined;
    const exchange = new NodeExchange(request, response, expectsContinue);
    this.#exchanges.set(socket, exchanges.add(exchange));
    this.#connections.busy(socket);
    // What waits on a connection is served before more is read from it.
    if (exchanges.size > readAheadRequests) socket.pause();
    void exchange.left.then(() => {
      exchanges.delete(exchange);
      // Other connections have their turn first.
      if (exchanges.size <= readAheadRequests && socket.isPaused()) setImmediate(() => socket.resume());
      if (exchanges.size > 0) return;
      this.#exchanges.delete(socket);
      this.#connections.idle(socket);
    });
    const taken = readRequest(request, exchange, busy);
    // What follows on the connection may be part of this one.
    if (taken.fault !== undefined && taken.fault !== busy) this.#broken.add(socket);
    this.#handler.request(taken, exchange);
  }

  /** Answers bytes that are no request, after the answers to the requests before them. */
  #refuse(socket: Duplex, fault: ZmdetectError | undefined, request?: IncomingMessage): void {
    if (fault === undefined || !socket.writable) {
      socket.destroy();
      return;
    }
    if (this.#broken.has(socket)) return;
    this.#broken.add(socket);
    const exchanges = [...(this.#exchanges.get(socket as Socket) ?? [])];
    const last = exchanges.at(-1);
    if (last?.fail(fault)) return;
    const peer = (socket as Socket).remoteAddress ?? request?.socket.remoteAddress ?? '';
    void Promise.all(exchanges.map(({ left }) => left)).then(() => {
      if (!socket.writable) return;
      const { status, headers, text = '' } = this.#handler.refusal(peer, fault);
      const fields = { ...headers, 'content-length': String(Buffer.byteLength(text)), connection: 'close' };
      const rows = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
      socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${rows.join('')}\r\n${text}`);
      linger(socket);
    });
  }
}

function readRequest(message: IncomingMessage, body: RequestBody, busy: ZmdetectError | undefined): HttpRequest {
  const { headers, fault } = readHeaders(pairs(message.rawHeaders));
  const target = readTarget(message.url ?? '');
  return {
    method: message.method ?? '',
    path: target?.path ?? '',
    query: target?.query ?? '',
    headers,
    peer: message.socket.remoteAddress ?? '',
    body,
    fault: fault ?? busy ?? (target === undefined ? malformed('the target is not a path') : undefined),
  };
}

function* pairs(raw: readonly string[]): Generator<readonly [string, string]> {
  for (let i = 0; i + 1 < raw.length; i += 2) yield [raw[i] ?? '', raw[i + 1] ?? ''];
}

/** undefined where the connection is gone and no answer would be read. */
function parserFault(error: Error): ZmdetectError | undefined {
  const { code = '' } = error as NodeJS.ErrnoException;
  if (code === 'HPE_HEADER_OVERFLOW') {
    return new ZmdetectError('HEADERS_TOO_LARGE', { limit: `${limits.headerBytes.value} bytes` });
  }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return new ZmdetectError('REQUEST_TIMEOUT');
  if (code === 'HPE_INVALID_EOF_STATE') return undefined;
  if (code.startsWith('HPE_')) return malformed(code.slice('HPE_'.length).toLowerCase().replaceAll('_', ' '));
  return undefined;
}

/** Closes the writing side and reads on for a while, since a reset would take the answer away from the client. */
function linger(socket: Duplex): void {
  socket.end();
  socket.on('error', () => undefined);
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), limits.lingerMs.value);
  socket.once('close', () => clearTimeout(timer));
}

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

/** One request and its answer. */
class NodeExchange implements RequestBody, HttpResponse {
  /** Resolves when the answer has left, or the connection is closed. */
  readonly left: Promise<void>;
  readonly #socket: Socket;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #leave: () => void;
  readonly #hasBody: boolean;
  /** The client waits for leave to send its body. */
  #awaitsLeave: boolean;
  #listener: ((chunk: Buffer, isLast: boolean) => void) | undefined;
  #pace: ReadPace | undefined;
  #abort: ((reason: ZmdetectError) => void) | undefined;
  #answeredAt: number | undefined;
  #pieces = 0;
  #bytes = 0;
  #isCrumbs = false;

  constructor(request: IncomingMessage, response: ServerResponse, expectsContinue: boolean) {
    this.#socket = request.socket;
    this.#request = request;
    this.#response = response;
    this.#awaitsLeave = expectsContinue;
    const { 'content-length': length = '0', 'transfer-encoding': coding } = request.headers;
    this.#hasBody = coding !== undefined || Number(length) > 0;
    // The connection's end is told by the response.
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    const { promise, resolve } = deferred();
    this.left = promise;
    this.#leave = resolve;
    response.once('close', resolve);
  }

  /** The connection is closed. */
  gone(): void {
    if (this.#answeredAt === undefined) this.#abort?.(new ZmdetectError('CANCELLED'));
    this.#leave();
  }

  /** Ends the request with `fault` where its body is what is wrong. */
  fail(fault: ZmdetectError): boolean {
    if (this.#request.complete) return false;
    if (this.#answeredAt === undefined) this.#abort?.(fault);
    else this.#socket.destroy();
    return true;
  }

  onAbort(listener: (reason: ZmdetectError) => void): void {
    this.#abort = listener;
  }

  listen(listener: ((chunk: Buffer, isLast: boolean) => void) | undefined): void {
    this.#listener = listener;
    if (listener === undefined) {
      this.#pace = undefined;
      return;
    }
    if (this.#awaitsLeave) {
      this.#awaitsLeave = false;
      this.#response.writeContinue();
    }
    const pace = new ReadPace(performance.now());
    this.#pace = pace;
    this.#request.on('data', (chunk: Buffer) => {
      if (this.#answeredAt !== undefined || this.#isCrumbs) return;
      pace.received(chunk.length, performance.now());
      if (this.#countsAsCrumbs(chunk)) this.#abort?.(malformed('the body comes in chunks that are too small'));
      else this.#listener?.(chunk, false);
    });
    this.#request.once('end', () => {
      this.#pace = undefined;
      this.#listener?.(Buffer.alloc(0), true);
    });
  }

  send({ status, headers, text, close }: HttpAnswer): void {
    const response = this.#response;
    this.#answeredAt = performance.now();
    this.#listener = undefined;
    this.#pace = undefined;
    if (response.destroyed || response.headersSent) return;
    const isPartial = this.#hasBody && !this.#request.complete;
    const isLast = close || (isPartial && (this.#awaitsLeave || this.#declaresTooMuch));
    const isHead = this.#request.method === 'HEAD';
    response.writeHead(status, {
      ...headers,
      ...(isHead ? {} : { 'content-length': Buffer.byteLength(text ?? '') }),
      ...(isLast ? { connection: 'close' } : {}),
    });
    if (!isPartial) {
      response.end(isHead ? undefined : text);
      return;
    }
    // All of the answer goes out now; the response is ended, and the connection serves on, when the upload has ended.
    if (isHead || text === undefined) response.flushHeaders();
    else response.write(text);
    if (response.socket) this.#dropRest(isLast);
    else response.once('socket', () => this.#dropRest(isLast));
  }

  /** Cuts off a client that sends its body, or reads its answer, too slowly. */
  sweep(now: number): void {
    if (this.#pace?.isTooSlow(now)) {
      this.#pace = undefined;
      this.#abort?.(new ZmdetectError('REQUEST_TIMEOUT'));
    }
    if (this.#answeredAt !== undefined && now - this.#answeredAt > limits.answerMs.value) this.#socket.destroy();
  }

  /** Each piece costs as much as thousands of bytes do; bodies of a few bytes a chunk are not read for long. */
  #countsAsCrumbs(chunk: Buffer): boolean {
    this.#pieces += 1;
    this.#bytes += chunk.length;
    this.#isCrumbs = this.#pieces > limits.bodyPieces.value + this.#bytes / bytesPerPiece;
    return this.#isCrumbs;
  }

  get #declaresTooMuch(): boolean {
    return Number(this.#request.headers['content-length'] ?? 0) > limits.droppedBytes.value;
  }

  #dropRest(close: boolean): void {
    const request = this.#request;
    let isLingering = false;
    let dropped = 0;
    const giveUp = () => {
      if (isLingering) return;
      isLingering = true;
      linger(this.#socket);
    };
    // Reading on would be the work that is refused.
    if (this.#isCrumbs) {
      this.#socket.destroySoon();
      return;
    }
    const timer = setTimeout(giveUp, limits.droppedMs.value);
    this.#response.once('close', () => clearTimeout(timer));
    request.on('data', (chunk: Buffer) => {
      dropped += chunk.length;
      if (this.#countsAsCrumbs(chunk)) this.#socket.destroySoon();
      // One piece in each turn of the event loop: hundreds of refused uploads do not keep others waiting.
      request.pause();
      setImmediate(() => request.resume());
      if (dropped > limits.droppedBytes.value) giveUp();
    });
    request.once('end', () => {
      clearTimeout(timer);
      if (isLingering) this.#socket.destroySoon();
      else this.#response.end();
    });
    request.resume();
    if (close) giveUp();
  }
}
