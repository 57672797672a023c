/**
 * Stands in for ZoneMinder's image view on the loopback: `<path>/index.php?view=image&eid=<E>&fid=<X>`, where X says
 * what happens. Below, `Y` is another X, so `missing-2-delay-100-alarm` is two times 404, then `alarm` after 100 ms.
 *
 * | X | answer |
 * | --- | --- |
 * | the name of a picture | 200 and its bytes |
 * | `missing` | 404, as for any unknown X |
 * | `missing-<n>-Y` | 404 for the first n requests of exactly this URL, then Y |
 * | `first-<n>-X-then-Y` | X for the first n requests of exactly this URL, then Y |
 * | `status-<n>` | that status |
 * | `cut-Y` | 200 and the first half of Y's picture as if that were all |
 * | `stream` | pictures without an end, as multipart/x-mixed-replace |
 * | `drip-Y` | Y's picture, a byte every 20 ms |
 * | `missing-stall` | 404 whose body never comes |
 * | `error` | 500 |
 * | `login` | 200 and a page of HTML |
 * | `empty` | 200 without a body |
 * | `redirect-Y` | 302 to Y by a relative Location |
 * | `redirect-absolute-Y` | 302 to Y by an absolute Location |
 * | `redirect-loop` | 302 to itself |
 * | `redirect-elsewhere` | 302 to the option `elsewhere` |
 * | `delay-<ms>-Y` | Y, later |
 * | `gzip-Y`, `deflate-Y`, `brotli-Y` | Y's picture, compressed |
 * | `bomb` | some 64 kB of gzip that unpack to 64 MiB |
 * | `stall-Y` | half of Y's picture, then silence |
 * | `hangup-Y` | half of Y's picture, then the connection is cut |
 * | `endless` | bytes for as long as they are read |
 * | `endless-gzip` | the same, compressed to nearly nothing and never ended |
 * | `declared-<n>` | a Content-Length of n and nothing after it |
 */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';

import type { Certificate } from './certificate.js';

export interface FrameServerOptions {
  /** Pictures by the X that asks for them. */
  readonly pictures: Readonly<Record<string, Uint8Array>>;
  /** Serves https with this certificate; http without one. */
  readonly certificate?: Certificate | undefined;
  /** Where `redirect-elsewhere` leads. */
  readonly elsewhere?: string | undefined;
}

export interface SeenRequest {
  /** Path and query, as asked. */
  readonly url: string;
  readonly fid: string;
  readonly headers: IncomingHttpHeaders;
}

type Answer = (exchange: Exchange, ...parts: string[]) => void | Promise<void>;

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
}

export class FrameServer {
  /** Every request, in order of arrival. */
  readonly requests: SeenRequest[] = [];
  readonly sockets = new Set<Socket>();
  /** Connections ever accepted. */
  connections = 0;
  /** Requests that are being answered: not finished, and their connection still open. */
  atOnce = 0;
  /** The highest that `atOnce` has been. */
  mostAtOnce = 0;
  /** Bytes of `endless` bodies handed to the socket. */
  endlessBytes = 0;
  readonly #options: FrameServerOptions;
  readonly #server: ReturnType<typeof createServer>;

  private constructor(options: FrameServerOptions) {
    this.#options = options;
    const listener = (request: IncomingMessage, response: ServerResponse) => this.#receive(request, response);
    const { certificate } = options;
    this.#server = certificate === undefined ? createServer(listener) : createTlsServer({ ...certificate }, listener);
    this.#server.on('connection', (socket) => {
      this.connections += 1;
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
    });
  }

  static async start(options: FrameServerOptions): Promise<FrameServer> {
    const server = new FrameServer(options);
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get origin(): string {
    return `${this.#options.certificate === undefined ? 'http' : 'https'}://127.0.0.1:${this.port}`;
  }

  /** The URL that ZoneMinder's clients ask for frame `fid` of event `eid`. */
  urlOf(fid: string, eid = 1): string {
    return `${this.origin}/zm/index.php?view=image&eid=${eid}&fid=${fid}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #receive(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', this.origin);
    const fid = url.searchParams.get('fid') ?? '';
    this.requests.push({ url: request.url ?? '', fid, headers: request.headers });
    this.atOnce += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.atOnce);
    response.on('close', () => {
      this.atOnce -= 1;
    });
    response.on('error', () => undefined);
    void this.#answer({ request, response, url }, fid);
  }

  async #answer(exchange: Exchange, fid: string): Promise<void> {
    const { response } = exchange;
    const picture = this.#options.pictures[fid];
    if (picture !== undefined) {
      response.writeHead(200, { 'content-type': 'image/jpeg', 'content-length': picture.length }).end(picture);
      return;
    }
    for (const [pattern, answer] of this.#answers) {
      const match = pattern.exec(fid);
      if (match !== null) return await answer(exchange, ...match.slice(1));
    }
    response.writeHead(404, { 'content-type': 'text/html' }).end('<h1>No such frame</h1>');
  }

  readonly #answers: ReadonlyArray<readonly [RegExp, Answer]> = [
    [/^missing-(\d+)-(.+)$/, (exchange, times, fid) => this.#missingAtFirst(exchange, Number(times), fid ?? '')],
    [/^first-(\d+)-(.+?)-then-(.+)$/, (exchange, times, ...fids) => this.#first(exchange, Number(times), fids)],
    [/^status-(\d+)$/, ({ response }, status) => void response.writeHead(Number(status)).end('Sorry')],
    [
      /^cut-(.+)$/,
      ({ response }, fid = '') => void response.end(this.#picture(fid).subarray(0, this.#picture(fid).length / 2)),
    ],
    [
      /^stream$/,
      ({ response }) =>
        this.#endless(response, { 'content-type': 'multipart/x-mixed-replace; boundary=x' }, Buffer.from('--x\r\n')),
    ],
    [/^drip-(.+)$/, ({ response }, fid = '') => this.#drip(response, this.#picture(fid))],
    [/^missing-stall$/, ({ response }) => response.writeHead(404, { 'content-length': 9 }).flushHeaders()],
    [/^error$/, ({ response }) => void response.writeHead(500).end('Internal error')],
    [/^login$/, ({ response }) => void response.end('<html><body><form id="loginForm"></form></body></html>')],
    [/^empty$/, ({ response }) => void response.writeHead(200, { 'content-length': 0 }).end()],
    [/^redirect-loop$/, ({ request, response }) => redirect(response, request.url ?? '')],
    [/^redirect-elsewhere$/, ({ response }) => redirect(response, this.#options.elsewhere ?? '')],
    [/^redirect-absolute-(.+)$/, ({ response }, fid = '') => redirect(response, this.urlOf(fid))],
    [/^redirect-(.+)$/, ({ response }, fid = '') => redirect(response, `index.php?view=image&eid=1&fid=${fid}`)],
    [
      /^delay-(\d+)-(.+)$/,
      (exchange, ms, fid = '') => wait(Number(ms), undefined, { ref: false }).then(() => this.#answer(exchange, fid)),
    ],
    [/^gzip-(.+)$/, ({ response }, fid = '') => this.#encoded(response, 'gzip', gzipSync(this.#picture(fid)))],
    [/^deflate-(.+)$/, ({ response }, fid = '') => this.#encoded(response, 'deflate', deflateSync(this.#picture(fid)))],
    [
      /^brotli-(.+)$/,
      ({ response }, fid = '') => this.#encoded(response, 'br', brotliCompressSync(this.#picture(fid))),
    ],
    [/^bomb$/, ({ response }) => this.#encoded(response, 'gzip', gzipSync(Buffer.alloc(64 * 1024 * 1024)))],
    [/^stall-(.+)$/, ({ response }, fid = '') => void this.#half(response, fid)],
    [
      /^hangup-(.+)$/,
      ({ response }, fid = '') => void this.#half(response, fid, () => response.socket?.resetAndDestroy()),
    ],
    [/^endless$/, ({ response }) => this.#endless(response, {}, Buffer.alloc(0))],
    [/^endless-gzip$/, ({ response }) => this.#endless(response, { 'content-encoding': 'gzip' }, endlessComment)],
    [
      /^declared-(\d+)$/,
      ({ response }, bytes = '') => response.writeHead(200, { 'content-length': bytes }).flushHeaders(),
    ],
  ];

  async #missingAtFirst(exchange: Exchange, times: number, fid: string): Promise<void> {
    const asked = this.requests.filter(({ url }) => url === exchange.request.url).length;
    await this.#answer(exchange, asked <= times ? 'missing' : fid);
  }

  async #first(exchange: Exchange, times: number, [first = '', later = '']: readonly string[]): Promise<void> {
    const asked = this.requests.filter(({ url }) => url === exchange.request.url).length;
    await this.#answer(exchange, asked <= times ? first : later);
  }

  async #drip(response: ServerResponse, picture: Uint8Array): Promise<void> {
    response.writeHead(200, { 'content-type': 'image/jpeg' });
    let closed = false;
    response.on('close', () => (closed = true));
    for (const byte of picture) {
      if (closed) return;
      response.write(Buffer.of(byte));
      await wait(20, undefined, { ref: false });
    }
    response.end();
  }

  #picture(fid: string): Uint8Array {
    return this.#options.pictures[fid] ?? new Uint8Array();
  }

  #encoded(response: ServerResponse, encoding: string, bytes: Uint8Array): void {
    response.writeHead(200, { 'content-encoding': encoding, 'content-length': bytes.length }).end(bytes);
  }

  #half(response: ServerResponse, fid: string, then?: () => void): void {
    const picture = this.#picture(fid);
    response.writeHead(200, { 'content-type': 'image/jpeg', 'content-length': picture.length });
    response.write(picture.subarray(0, picture.length / 2), then);
  }

  async #endless(response: ServerResponse, headers: Record<string, string>, start: Buffer): Promise<void> {
    response.writeHead(200, headers);
    response.write(start);
    let closed = false;
    response.on('close', () => {
      closed = true;
      response.emit('drain');
    });
    while (!closed) {
      this.endlessBytes += filler.length;
      if (!response.write(filler)) await once(response, 'drain');
    }
  }
}

const filler = Buffer.alloc(64 * 1024, 'x');

/** A gzip header that says its comment is to follow; the comment ends at a zero byte, which never comes. */
const endlessComment = Buffer.from([0x1f, 0x8b, 8, 0x10, 0, 0, 0, 0, 0, 3]);

function redirect(response: ServerResponse, location: string): void {
  response.writeHead(302, { location }).end('<a href="#">moved</a>');
}
