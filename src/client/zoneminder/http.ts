/**
 * Requests to ZoneMinder over Node's own http modules: loading undici takes longer than a hook's whole exchange with a
 * ZoneMinder on the same network.
 */
import { readFileSync } from 'node:fs';
import { Agent as HttpAgent, type ClientRequest, type IncomingMessage, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';

import { ZmdetectError } from '../../errors.js';
import { FetchFailed, failureOf } from '../../frames/outcome.js';
import { redactUrl } from '../../frames/url.js';
import type { TlsOptions } from './types.js';

export interface HttpAnswer {
  readonly status: number;
  /** Content-Type, lower case, without its parameters; empty where there is none. */
  readonly type: string;
  readonly body: Buffer;
  /** Where it redirects to, without credentials. Redirects are not followed: the other end would be handed the token. */
  readonly redirect: string | undefined;
}

export interface HttpOptions {
  readonly tls: TlsOptions;
  readonly timeoutMs: number;
  readonly basicAuth: { readonly user: string; readonly password: string } | undefined;
}

const maxBodyBytes = 64 * 1024 * 1024;

export class HttpClient {
  readonly #options: HttpOptions;
  readonly #http = new HttpAgent({ keepAlive: true });
  readonly #https: HttpsAgent;

  /** @throws ZmdetectError CONFIG_INVALID where the file of `tls.ca` cannot be read */
  constructor(options: HttpOptions) {
    this.#options = options;
    const { verify = true, ca } = options.tls;
    this.#https = new HttpsAgent({
      keepAlive: true,
      rejectUnauthorized: verify,
      ...(ca === undefined ? {} : { ca: certificates(ca) }),
    });
  }

  /**
   * The answer, whatever its status.
   *
   * @throws ZmdetectError ZONEMINDER_UNREACHABLE; the signal's reason when it is aborted
   */
  async request(
    method: 'GET' | 'POST' | 'PUT',
    url: string,
    form?: Readonly<Record<string, string>>,
    signal?: AbortSignal,
  ): Promise<HttpAnswer> {
    signal?.throwIfAborted();
    const { timeoutMs } = this.#options;
    const timeout = AbortSignal.timeout(timeoutMs);
    try {
      return await this.#exchange(method, url, form, AbortSignal.any(signal ? [timeout, signal] : [timeout]));
    } catch (error) {
      signal?.throwIfAborted();
      const cause = timeout.aborted
        ? new FetchFailed('timeout', `no whole answer within ${timeoutMs / 1000} s`)
        : error;
      const failure = failureOf(cause, url);
      throw new ZmdetectError('ZONEMINDER_UNREACHABLE', {
        reason: failure.kind === 'tls' ? `${failure.reason}; ${tlsAdvice}` : failure.reason,
      });
    }
  }

  /** Ends idle connections, so that a process can end. */
  close(): void {
    this.#http.destroy();
    this.#https.destroy();
  }

  async #exchange(
    method: string,
    url: string,
    form: Readonly<Record<string, string>> | undefined,
    signal: AbortSignal,
  ): Promise<HttpAnswer> {
    const payload = form === undefined ? undefined : new URLSearchParams(form).toString();
    const response = await this.#send(method, url, payload, signal);
    const { statusCode: status = 0, headers } = response;
    const moved = status >= 300 && status < 400 ? headers.location : undefined;
    if (moved !== undefined) response.destroy();
    return {
      status,
      type: (headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '',
      body: moved === undefined ? await bodyOf(response) : Buffer.alloc(0),
      redirect: moved === undefined ? undefined : redactUrl(URL.canParse(moved, url) ? new URL(moved, url) : ''),
    };
  }

  #send(method: string, url: string, payload: string | undefined, signal: AbortSignal): Promise<IncomingMessage> {
    const { basicAuth } = this.#options;
    const secure = url.startsWith('https:');
    const headers = {
      accept: '*/*',
      'user-agent': 'zmdetect',
      ...(payload === undefined
        ? {}
        : { 'content-type': 'application/x-www-form-urlencoded', 'content-length': Buffer.byteLength(payload) }),
    };
    const auth = basicAuth === undefined ? {} : { auth: `${basicAuth.user}:${basicAuth.password}` };
    const common = { method, headers, signal, ...auth };
    return new Promise((resolve, reject) => {
      const request: ClientRequest = secure
        ? httpsRequest(url, { ...common, agent: this.#https }, resolve)
        : httpRequest(url, { ...common, agent: this.#http }, resolve);
      request.on('error', reject);
      request.end(payload);
    });
  }
}

const tlsAdvice = 'for a certificate of your own name its file in `tls.ca`, or turn `tls.verify` off';

async function bodyOf(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBodyBytes) throw new FetchFailed('too-large', `the answer is larger than ${maxBodyBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function certificates(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    throw new ZmdetectError('CONFIG_INVALID', {
      reason: `expected a readable PEM file for tls.ca, got ${file} (${code})`,
    });
  }
}
