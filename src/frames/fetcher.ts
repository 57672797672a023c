/** Fetches one frame by URL: redirects and timeouts as the wire contract has them, within limits and the policy. */
import { rootCertificates } from 'node:tls';
import { Agent, type Dispatcher } from 'undici';

import { orAborted } from '../or-aborted.js';
import { acceptedEncodings, readBody } from './body.js';
import { FetchFailed, type FetchOutcome, failureOf } from './outcome.js';
import { FetchPolicy } from './policy.js';
import { parseUrl, redactUrl, withAuth } from './url.js';

export interface FrameFetcherOptions {
  /** Version of zmdetect, for the User-Agent header. */
  readonly version: string;
  readonly policy?: FetchPolicy | undefined;
  /** Largest body, in bytes, on the wire as well as decompressed. Default 64 MiB. */
  readonly maxFrameBytes?: number | undefined;
  /** From the name lookup to the end of the TLS handshake. Default 10,000. */
  readonly connectTimeoutMs?: number | undefined;
  /** Longest silence while an answer is awaited or read; not a limit on the whole. Default 10,000. */
  readonly idleTimeoutMs?: number | undefined;
  /** Most connections to one origin at a time; further requests wait for one. Default 16. */
  readonly connectionsPerOrigin?: number | undefined;
  /** Certificate authorities (PEM) trusted besides those that come with Node. */
  readonly extraCertificates?: readonly string[] | undefined;
}

export interface FrameRequest {
  readonly url: string;
  /** Query fragment that is appended to `url`, and not to where that redirects; empty for none. */
  readonly zmAuth: string;
  readonly verifySsl: boolean;
}

const maxRedirects = 30;
const redirectStatus = new Set([301, 302, 303, 307, 308]);
/** A body that nobody wants is read up to here, so that its connection can serve again. */
const worthDraining = 64 * 1024;

export class FrameFetcher {
  readonly #policy: FetchPolicy;
  readonly #maxFrameBytes: number;
  readonly #userAgent: string;
  readonly #verifying: Agent;
  readonly #trusting: Agent;

  constructor(options: FrameFetcherOptions) {
    this.#policy = options.policy ?? new FetchPolicy();
    this.#maxFrameBytes = options.maxFrameBytes ?? 64 * 1024 * 1024;
    this.#userAgent = `zmdetect/${options.version}`;
    const extra = options.extraCertificates ?? [];
    const agent = (tls: { rejectUnauthorized: boolean; ca?: string[] }) =>
      new Agent({
        connect: { ...tls, lookup: this.#policy.lookup, timeout: options.connectTimeoutMs ?? 10_000 },
        headersTimeout: options.idleTimeoutMs ?? 10_000,
        bodyTimeout: options.idleTimeoutMs ?? 10_000,
        connections: options.connectionsPerOrigin ?? 16,
      });
    // Two pools: a connection that was made without looking at its certificate never serves a request that wants one.
    this.#verifying = agent({
      rejectUnauthorized: true,
      ...(extra.length === 0 ? {} : { ca: [...rootCertificates, ...extra] }),
    });
    this.#trusting = agent({ rejectUnauthorized: false });
  }

  /**
   * The frame's bytes, or why there are none. Rejects only when `signal` is aborted, with the signal's reason, and at
   * once. The time from first to last byte has no limit of its own: that is for the signal.
   */
  async fetchFrame(request: FrameRequest, signal: AbortSignal): Promise<FetchOutcome> {
    signal.throwIfAborted();
    const started = performance.now();
    const at = { url: withAuth(request.url, request.zmAuth) };
    try {
      const bytes = await this.#follow(at, request.verifySsl ? this.#verifying : this.#trusting, signal);
      return { ok: true, bytes, finalUrl: redactUrl(at.url), milliseconds: performance.now() - started };
    } catch (error) {
      signal.throwIfAborted();
      return failureOf(error, at.url);
    }
  }

  /** Ends all connections; fetches under way fail. */
  async close(): Promise<void> {
    await Promise.all([this.#verifying.destroy(), this.#trusting.destroy()]);
  }

  /** Asks `at.url` and whatever it redirects to, and leaves the last URL asked in `at`. */
  async #follow(at: { url: string }, dispatcher: Dispatcher, signal: AbortSignal): Promise<Buffer> {
    let url = parseUrl(at.url);
    if (url === undefined) throw notAUrl();
    // User info is a login for the host that it was written for: it stays behind at the first redirect.
    let login = basicLogin(url);
    for (let redirects = 0; redirects <= maxRedirects; redirects++) {
      this.#policy.check(url);
      const { statusCode, headers, body } = await this.#ask(url, login, dispatcher, signal);
      const location = redirectStatus.has(statusCode) ? first(headers.location) : undefined;
      if (location === undefined && statusCode < 400) {
        const length = Number(first(headers['content-length']));
        return await readBody(
          body,
          { length, encoding: first(headers['content-encoding']) ?? '' },
          this.#maxFrameBytes,
        );
      }
      // Not awaited: the answer is known, however slowly the rest of it comes. The signal still ends it.
      body.dump({ limit: worthDraining }).catch(() => undefined);
      if (location === undefined) throw new FetchFailed('status', `the answer is status ${statusCode}`, statusCode);
      url = redirectTarget(location, url);
      login = undefined;
      at.url = url.href;
    }
    throw new FetchFailed('network', `more than ${maxRedirects} redirects`);
  }

  #ask(url: URL, login: string | undefined, dispatcher: Dispatcher, signal: AbortSignal) {
    const answer = dispatcher.request({
      method: 'GET',
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      headers: {
        accept: '*/*',
        'accept-encoding': acceptedEncodings,
        'user-agent': this.#userAgent,
        ...(login === undefined ? {} : { authorization: login }),
      },
      signal,
    });
    // undici heeds the signal only once it has a connection for the request; who aborts should not wait for that.
    return orAborted(answer, signal);
  }
}

function redirectTarget(location: string, from: URL): URL {
  // Header bytes arrive as Latin-1 text; what servers put there is UTF-8.
  const target = Buffer.from(location, 'latin1').toString('utf8');
  if (!URL.canParse(target, from.href)) throw new FetchFailed('bad-url', 'it redirects to something that is not a URL');
  const url = new URL(target, from);
  url.username = '';
  url.password = '';
  return url;
}

/** The Authorization header for a URL's user info, if it has any. */
function basicLogin(url: URL): string | undefined {
  if (url.username === '' && url.password === '') return undefined;
  try {
    const login = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    return `Basic ${Buffer.from(login).toString('base64')}`;
  } catch {
    throw notAUrl();
  }
}

function notAUrl(): FetchFailed {
  return new FetchFailed('bad-url', 'this is not a URL');
}

function first(header: string | string[] | undefined): string | undefined {
  return typeof header === 'object' ? header[0] : header;
}
