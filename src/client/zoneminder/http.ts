/** Requests to ZoneMinder: forms, certificates, and one error for all the ways not to reach it. */
import { readFileSync } from 'node:fs';

import { ZmdetectError } from '../../errors.js';
import { failureOf } from '../../frames/outcome.js';
import { redactUrl } from '../../frames/url.js';
import { HttpConnections } from '../http.js';
import type { TlsOptions } from './types.js';

export interface HttpAnswer {
  readonly status: number;
  /** Content-Type, lower case, without its parameters; empty where there is none. */
  readonly type: string;
  readonly body: Buffer;
  /** Where it redirects to, without credentials. Redirects are not followed: the other end would be handed the token. */
  readonly redirect: string | undefined;
  /** The scheme that WWW-Authenticate names, lower case; empty where there is none. */
  readonly challenge: string;
}

export interface HttpOptions {
  readonly tls: TlsOptions;
  readonly timeoutMs: number;
  readonly basicAuth: { readonly user: string; readonly password: string } | undefined;
}

const maxBodyBytes = 64 * 1024 * 1024;

export class HttpClient {
  readonly #connections: HttpConnections;
  readonly #headers: Readonly<Record<string, string>>;

  /** @throws ZmdetectError CONFIG_INVALID where the file of `tls.ca` cannot be read */
  constructor({ tls: { verify = true, ca }, timeoutMs, basicAuth }: HttpOptions) {
    const tls = { rejectUnauthorized: verify, ...(ca === undefined ? {} : { ca: certificates(ca) }) };
    this.#connections = new HttpConnections({ timeoutMs, maxBodyBytes, tls });
    const login = `${basicAuth?.user ?? ''}:${basicAuth?.password ?? ''}`;
    this.#headers = basicAuth === undefined ? {} : { authorization: `Basic ${Buffer.from(login).toString('base64')}` };
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
    const body = form === undefined ? undefined : Buffer.from(new URLSearchParams(form).toString());
    const headers =
      body === undefined ? this.#headers : { ...this.#headers, 'content-type': 'application/x-www-form-urlencoded' };
    try {
      const answer = await this.#connections.request({ method, url, headers, body }, signal);
      const { location, 'content-type': type = '' } = answer.headers;
      const moved = answer.status >= 300 && answer.status < 400 ? location : undefined;
      return {
        status: answer.status,
        type: (type.split(';', 1)[0] ?? '').trim().toLowerCase(),
        body: answer.body,
        challenge: (answer.headers['www-authenticate'] ?? '').trim().split(/[\s,]/, 1)[0]?.toLowerCase() ?? '',
        redirect: moved === undefined ? undefined : redactUrl(URL.canParse(moved, url) ? new URL(moved, url) : ''),
      };
    } catch (error) {
      signal?.throwIfAborted();
      throw unreachable(error, url);
    }
  }

  /** Ends idle connections, so that a process can end. */
  close(): void {
    this.#connections.close();
  }
}

const tlsAdvice = 'for a certificate of your own name its file in `tls.ca`, or turn `tls.verify` off';

/** `fault` is the reason without the advice, for callers whose settings have other names. */
function unreachable(error: unknown, url: string): ZmdetectError {
  const { kind, reason } = failureOf(error, url);
  const advised = kind === 'tls' ? `${reason}; ${tlsAdvice}` : reason;
  return new ZmdetectError('ZONEMINDER_UNREACHABLE', { reason: advised, fault: reason, kind });
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
