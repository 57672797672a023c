/** Requests to ZoneMinder: forms, certificates, and one error for all the ways not to reach it. */
import { readFileSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';

import { ZmdetectError } from '../../errors.js';
import { failureOf, streamFault } from '../../frames/outcome.js';
import { isUpgrade, keepsLogin } from '../../frames/redirects.js';
import { redactUrl } from '../../frames/url.js';
import { limits } from '../../limits.js';
import { HttpConnections } from '../http.js';
import type { TlsOptions } from './types.js';

export interface HttpAnswer {
  readonly status: number;
  /** Content-Type, lower case, without its parameters; empty where there is none. */
  readonly type: string;
  readonly body: Buffer;
  /**
   * Where it redirects to, without credentials. Only from http to https on the same host is a redirect followed: another
   * end would be handed the token.
   */
  readonly redirect: string | undefined;
  /** The scheme that WWW-Authenticate names, lower case; empty where there is none. */
  readonly challenge: string;
}

export interface HttpOptions {
  readonly tls: TlsOptions;
  readonly timeoutMs: number;
  readonly basicAuth: { readonly user: string; readonly password: string } | undefined;
}

/** A request's form, and that it is a frame: then it has a frame's time, and is no stream. */
export interface RequestOptions {
  readonly form?: Readonly<Record<string, string>> | undefined;
  readonly isFrame?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

type Method = 'GET' | 'POST' | 'PUT';

/** Stands for a redirect to ZoneMinder's page to log in on. */
export const loginPage = 'its page to log in on';

const maxBodyBytes = 64 * 1024 * 1024;

export class HttpClient {
  readonly #connections: HttpConnections;
  readonly #login: Readonly<Record<string, string>>;

  /** @throws ZmdetectError CONFIG_INVALID where the file of `tls.ca` cannot be read */
  constructor({ tls: { verify = true, ca }, timeoutMs, basicAuth }: HttpOptions) {
    const tls = { rejectUnauthorized: verify, ...(ca === undefined ? {} : { ca: certificates(ca) }) };
    this.#connections = new HttpConnections({ timeoutMs, maxBodyBytes, tls });
    const login = `${basicAuth?.user ?? ''}:${basicAuth?.password ?? ''}`;
    this.#login = basicAuth === undefined ? {} : { authorization: `Basic ${Buffer.from(login).toString('base64')}` };
  }

  /**
   * The answer, whatever its status.
   *
   * @throws ZmdetectError ZONEMINDER_UNREACHABLE; the signal's reason when it is aborted
   */
  async request(method: Method, url: string, options: RequestOptions = {}): Promise<HttpAnswer> {
    try {
      const { answer, upgrade } = await this.#ask(method, new URL(url), this.#login, options);
      if (upgrade === undefined) return answer;
      const login = keepsLogin(new URL(url), upgrade) ? this.#login : {};
      return (await this.#ask(method, upgrade, login, options)).answer;
    } catch (error) {
      options.signal?.throwIfAborted();
      throw unreachable(error, url);
    }
  }

  /** Ends idle connections, so that a process can end. */
  close(): void {
    this.#connections.close();
  }

  async #ask(
    method: Method,
    url: URL,
    login: Readonly<Record<string, string>>,
    { form, isFrame = false, signal }: RequestOptions,
  ): Promise<{ readonly answer: HttpAnswer; readonly upgrade: URL | undefined }> {
    const body = form === undefined ? undefined : Buffer.from(new URLSearchParams(form).toString());
    const headers = body === undefined ? login : { ...login, 'content-type': 'application/x-www-form-urlencoded' };
    const frame = isFrame ? { timeoutMs: limits.frameMs.value, check: refuseStream } : {};
    const answer = await this.#connections.request({ method, url: url.href, headers, body, ...frame }, signal);
    const { status } = answer;
    const { location = '', 'content-type': type = '', 'www-authenticate': challenge = '' } = answer.headers;
    const moved =
      status >= 300 && status < 400 && location !== '' && URL.canParse(location, url.href)
        ? new URL(location, url)
        : undefined;
    return {
      answer: {
        status,
        type: (type.split(';', 1)[0] ?? '').trim().toLowerCase(),
        body: answer.body,
        redirect: moved === undefined ? undefined : shownRedirect(moved),
        challenge: schemeOf(challenge),
      },
      upgrade: moved !== undefined && isUpgrade(url, moved) ? moved : undefined,
    };
  }
}

/** ZoneMinder redirects to its page to log in on, which says more than where. */
function shownRedirect(url: URL): string {
  return url.searchParams.get('view') === 'login' ? loginPage : redactUrl(url);
}

function refuseStream({ 'content-type': type }: IncomingHttpHeaders): void {
  const fault = streamFault(type);
  if (fault !== undefined) throw fault;
}

/** `Negotiate, Basic realm="x"`: the scheme that we speak, else the first. */
function schemeOf(challenge: string): string {
  if (/\bbasic\b/i.test(challenge)) return 'basic';
  return challenge.trim().split(/[\s,]/, 1)[0]?.toLowerCase() ?? '';
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
