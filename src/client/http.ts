/** HTTP over Node's own modules: loading undici takes longer than all that a hook asks of a server nearby. */
import { Agent as HttpAgent, type IncomingHttpHeaders, type IncomingMessage, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';

import { FetchFailed } from '../frames/outcome.js';

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: Buffer | undefined;
  /** In place of the time that all requests have. */
  readonly timeoutMs?: number | undefined;
  /** Looks at the headers before the body is read; the error that it throws ends the request. */
  readonly check?: ((headers: IncomingHttpHeaders) => void) | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface HttpOptions {
  /** Longest time for one request, from connecting to the last byte. */
  readonly timeoutMs: number;
  /** Largest body of an answer. */
  readonly maxBodyBytes: number;
  readonly tls?: TlsChoice | undefined;
}

export interface TlsChoice {
  /** Default true. */
  readonly rejectUnauthorized?: boolean;
  /** Certificates to trust (PEM), in place of those that come with Node. */
  readonly ca?: Buffer;
}

export class HttpConnections {
  readonly #options: HttpOptions;
  readonly #http = new HttpAgent({ keepAlive: true });
  readonly #https: HttpsAgent;
  #closed = false;

  constructor(options: HttpOptions) {
    this.#options = options;
    this.#https = new HttpsAgent({ keepAlive: true, ...options.tls });
  }

  /**
   * The answer, whatever its status; redirects are not followed. Rejects with the signal's reason when that is aborted,
   * with a `FetchFailed` of kind `timeout` or `too-large`, else with the error of the connection.
   */
  async request(request: HttpRequest, signal?: AbortSignal): Promise<HttpAnswer> {
    signal?.throwIfAborted();
    const timeoutMs = Math.ceil(request.timeoutMs ?? this.#options.timeoutMs);
    const timeout = AbortSignal.timeout(timeoutMs);
    const either = AbortSignal.any(signal === undefined ? [timeout] : [timeout, signal]);
    try {
      const response = await this.#send(request, either);
      checkHeaders(response, request.check);
      const body = await bodyOf(response, this.#options.maxBodyBytes);
      return { status: response.statusCode ?? 0, headers: response.headers, body };
    } catch (error) {
      signal?.throwIfAborted();
      if (timeout.aborted) throw new FetchFailed('timeout', `no whole answer within ${timeoutMs} ms`);
      throw error;
    }
  }

  /** Ends every connection, so that the process can end. */
  close(): void {
    this.#closed = true;
    this.#http.destroy();
    this.#https.destroy();
  }

  async #send(request: HttpRequest, signal: AbortSignal): Promise<IncomingMessage> {
    try {
      return await this.#attempt(request, signal);
    } catch (error) {
      // The server had closed the idle connection just when it was to serve again: nothing of this request was answered.
      if (!(error instanceof StaleConnection) || this.#closed) throw error;
      return await this.#attempt(request, signal);
    }
  }

  #attempt({ method, url, headers, body }: HttpRequest, signal: AbortSignal): Promise<IncomingMessage> {
    const options = {
      method,
      signal,
      headers: {
        accept: '*/*',
        'user-agent': 'zmdetect',
        ...(body === undefined ? {} : { 'content-length': String(body.length) }),
        ...headers,
      },
    };
    return new Promise((resolve, reject) => {
      const request = url.startsWith('https:')
        ? httpsRequest(url, { ...options, agent: this.#https }, resolve)
        : httpRequest(url, { ...options, agent: this.#http }, resolve);
      request.on('error', (error: NodeJS.ErrnoException) => {
        const stale = request.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
        reject(stale ? new StaleConnection('the connection was closed', { cause: error }) : error);
      });
      request.end(body);
    });
  }
}

class StaleConnection extends Error {}

function checkHeaders(response: IncomingMessage, check: HttpRequest['check']): void {
  try {
    check?.(response.headers);
  } catch (error) {
    response.destroy();
    throw error;
  }
}

async function bodyOf(response: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new FetchFailed('too-large', `the answer is larger than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
