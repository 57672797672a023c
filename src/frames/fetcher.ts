/** Fetches one frame by URL: redirects and timeouts as the wire contract has them, within limits and the policy. */
import { setTimeout as wait } from 'node:timers/promises';
import { rootCertificates } from 'node:tls';
import { Agent, type Dispatcher } from 'undici';

import { limits } from '../limits.js';
import { orAborted } from '../or-aborted.js';
import { acceptedEncodings, readBody } from './body.js';
import { badStatus, FetchFailed, type FetchOutcome, failureOf, isHidden, streamFault } from './outcome.js';
import { FetchPolicy } from './policy.js';
import { checkCredentials, keepsLogin, redirectTarget } from './redirects.js';
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
  /** From the request to the last byte of the frame, redirects included. Default 20,000. */
  readonly frameTimeoutMs?: number | undefined;
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
  /** Asked for by a client on this host, which may name loopback addresses. */
  readonly isLocal: boolean;
}

/** The URL asked last, and whether its headers came. */
interface Progress {
  url: string;
  isAnswered: boolean;
}

interface Pools {
  readonly verifying: Agent;
  readonly trusting: Agent;
}

const redirectStatus = new Set([301, 302, 303, 307, 308]);
/** A body that nobody wants is read up to here, so that its connection can serve again. */
const worthDraining = 64 * 1024;
const drainingMs = 1000;

export class FrameFetcher {
  readonly #policy: FetchPolicy;
  readonly #maxFrameBytes: number;
  readonly #frameTimeoutMs: number;
  readonly #userAgent: string;
  readonly #agentOf: (verifySsl: boolean, isLocal: boolean) => Agent;
  readonly #agents: readonly Agent[];

  constructor(options: FrameFetcherOptions) {
    this.#policy = options.policy ?? new FetchPolicy();
    this.#maxFrameBytes = options.maxFrameBytes ?? limits.frameBytes.value;
    this.#frameTimeoutMs = options.frameTimeoutMs ?? limits.frameMs.value;
    this.#userAgent = `zmdetect/${options.version}`;
    const extra = options.extraCertificates ?? [];
    const trusted = extra.length === 0 ? {} : { ca: [...rootCertificates, ...extra] };
    const agent = (tls: { rejectUnauthorized: boolean; ca?: string[] }, isLocal: boolean) =>
      new Agent({
        connect: { ...tls, lookup: this.#policy.lookup(isLocal), timeout: options.connectTimeoutMs ?? 10_000 },
        headersTimeout: options.idleTimeoutMs ?? 10_000,
        bodyTimeout: options.idleTimeoutMs ?? 10_000,
        connections: options.connectionsPerOrigin ?? 16,
      });
    // A pool each: a connection that was made without looking at its certificate never serves a request that wants one,
    // nor does one to loopback serve a client of another host.
    const [far, near] = [false, true].map((isLocal) => ({
      verifying: agent({ rejectUnauthorized: true, ...trusted }, isLocal),
      trusting: agent({ rejectUnauthorized: false }, isLocal),
    })) as [Pools, Pools];
    this.#agents = [far, near].flatMap(({ verifying, trusting }) => [verifying, trusting]);
    this.#agentOf = (verifySsl, isLocal) => {
      const { verifying, trusting } = isLocal ? near : far;
      return verifySsl ? verifying : trusting;
    };
  }

  /**
   * The frame's bytes, or why there are none. Rejects only when `signal` is aborted, with the signal's reason, and at
   * once.
   */
  async fetchFrame(request: FrameRequest, signal: AbortSignal): Promise<FetchOutcome> {
    signal.throwIfAborted();
    const started = performance.now();
    const at: Progress = { url: withAuth(request.url, request.zmAuth), isAnswered: false };
    const limit = timeLimit(this.#frameTimeoutMs);
    try {
      const bytes = await this.#follow(at, request, AbortSignal.any([signal, limit.signal]));
      return { ok: true, bytes, finalUrl: redactUrl(at.url), milliseconds: performance.now() - started };
    } catch (error) {
      signal.throwIfAborted();
      const kind = at.isAnswered ? 'too-slow' : 'timeout';
      const sentence = `no whole frame within ${this.#frameTimeoutMs / 1000} s`;
      const cause = limit.signal.aborted ? new FetchFailed(kind, sentence) : error;
      const failure = failureOf(cause, at.url, at);
      if (isHidden(failure.kind)) await evenOut(started, signal);
      return failure;
    } finally {
      limit.clear();
    }
  }

  /** Ends all connections; fetches under way fail. */
  async close(): Promise<void> {
    await Promise.all(this.#agents.map((agent) => agent.destroy()));
  }

  /** Asks `at.url` and whatever it redirects to. */
  async #follow(at: Progress, { zmAuth, verifySsl, isLocal }: FrameRequest, signal: AbortSignal): Promise<Buffer> {
    let url = parseUrl(at.url);
    if (url === undefined) throw notAUrl();
    // User info is a login for the server that it was written for.
    let login = basicLogin(url);
    const { hostname } = url;
    for (let redirects = 0; redirects <= limits.redirects.value; redirects++) {
      // A client on this host may name it; a camera that redirects here may not.
      const mayLoopback = isLocal && url.hostname === hostname;
      this.#policy.check(url, mayLoopback);
      const dispatcher = this.#agentOf(verifySsl, mayLoopback);
      const { statusCode, headers, body } = await this.#ask(url, login, dispatcher, signal);
      at.isAnswered = true;
      const location = redirectStatus.has(statusCode) ? first(headers.location) : undefined;
      const stream = streamFault(first(headers['content-type']));
      if (location === undefined && statusCode < 400 && stream === undefined) {
        const length = Number(first(headers['content-length']));
        return await readBody(
          body,
          { length, encoding: first(headers['content-encoding']) ?? '' },
          this.#maxFrameBytes,
        );
      }
      // Not awaited: the answer is known, however slowly the rest of it comes.
      body.dump({ limit: worthDraining, signal: AbortSignal.timeout(drainingMs) }).catch(() => undefined);
      if (statusCode >= 400) throw badStatus(statusCode, first(headers['www-authenticate']));
      if (location === undefined) throw stream ?? notAUrl();
      const target = redirectTarget(location, url);
      checkCredentials(url, target, zmAuth);
      if (!keepsLogin(url, target)) login = undefined;
      url = target;
      at.url = url.href;
      at.isAnswered = false;
    }
    throw new FetchFailed('redirects', `more than ${limits.redirects.value} redirects`);
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

function timeLimit(milliseconds: number): { readonly signal: AbortSignal; clear(): void } {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), milliseconds);
  return { signal: controller.signal, clear: () => clearTimeout(timer) };
}

/** Failures are told at full quarters of a second: a port that is refused here takes as long as one that is closed. */
const failureStepMs = 250;

async function evenOut(started: number, signal: AbortSignal): Promise<void> {
  const over = (performance.now() - started) % failureStepMs;
  await orAborted(wait(failureStepMs - over), signal);
}
