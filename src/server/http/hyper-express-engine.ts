/**
 * The engine on hyper-express (uWebSockets). Its parser answers HTTP/1.0, absolute targets and trailers with 505, waits for ever
 * after a chunk extension, and counts neither connections nor header bytes by our limits; see docs/reference/http.md.
 */
import { type Request, type Response, Server } from 'hyper-express';
import uws from 'uWebSockets.js';

import { ZmdetectError } from '../../errors.js';
import type { HttpAnswer, HttpEngine, HttpHandler, RequestBody } from './engine.js';
import { readHeaders } from './header-rules.js';

type Listening = (socket: unknown) => void;

export class HyperExpressEngine implements HttpEngine {
  readonly #handler: HttpHandler;
  // Each route limits its own body, so that the answer to too large a one is ours.
  readonly #server = new Server({ auto_close: false, max_body_length: Number.MAX_SAFE_INTEGER });

  constructor(handler: HttpHandler) {
    this.#handler = handler;
    this.#server.any('/*', (request, response) => this.#take(request, response));
  }

  async listen(host: string, port: number): Promise<number> {
    const app = this.#server.uws_instance;
    // uWebSockets.js lets several processes share a port unless it is told not to; hyper-express does not pass that on,
    // and the declared overloads leave this form out.
    const listen = app.listen.bind(app) as unknown as (...args: [string, number, number, Listening]) => void;
    app.listen = ((...[at, on, done]: [string, number, Listening]) =>
      listen(at, on, uws.LIBUS_LISTEN_EXCLUSIVE_PORT, done)) as typeof app.listen;
    await this.#server.listen(port, host);
    return this.#server.port;
  }

  stop(): void {
    this.#server.close();
  }

  close(): Promise<void> {
    this.#server.uws_instance.close();
    return Promise.resolve();
  }

  #take(request: Request, response: Response): void {
    const rows: [string, string][] = [];
    request.raw.forEach((name, value) => void rows.push([name, value]));
    const { method, path, path_query: query } = request;
    const peer = Buffer.from(response.raw.getRemoteAddressAsText()).toString();
    const body = new RawBody(response);
    this.#handler.request(
      { method, path, query, peer, body, ...readHeaders(rows) },
      {
        onAbort: (listener) => void response.on('abort', () => listener(new ZmdetectError('CANCELLED'))),
        send: (answer) => send(request, response, answer),
      },
    );
  }
}

function send(request: Request, response: Response, { status, headers, text, close }: HttpAnswer): void {
  if (response.completed) return;
  // hyper-express would wait for the last byte of the upload. A client that is told "too large" may stop sending; the
  // rest from one that does not is dropped as it comes.
  request.received = true;
  response.status(status);
  for (const [name, value] of Object.entries(headers)) response.header(name, value);
  response.send(request.method === 'HEAD' ? undefined : text, close);
}

/**
 * Stands in for hyper-express's own stream, which never ends for a request without a body and holds every answer back
 * until the last byte of an upload is there.
 */
class RawBody implements RequestBody {
  #listener: ((chunk: Buffer, isLast: boolean) => void) | undefined;

  /** To be made in the same turn in which the request came. */
  constructor(response: Response) {
    response.raw.onData((chunk, isLast) => {
      // uWebSockets.js takes the memory back after this call.
      if (this.#listener) this.#listener(Buffer.copyBytesFrom(new Uint8Array(chunk)), isLast);
    });
  }

  listen(listener: ((chunk: Buffer, isLast: boolean) => void) | undefined): void {
    this.#listener = listener;
  }
}
