/** One detection server: requests with a token that holds, and every way in which it may fail told apart. */
import { setTimeout as wait } from 'node:timers/promises';

import { type ErrorCode, ZmdetectError } from '../../errors.js';
import { failureOf } from '../../frames/outcome.js';
import { redactUrl } from '../../frames/url.js';
import { orAborted } from '../../or-aborted.js';
import { type HttpAnswer, HttpConnections } from '../http.js';
import { plainLine } from '../../plain-line.js';
import { type Body, jsonBody } from './body.js';
import { TokenKeeper, type Login } from './tokens.js';

export interface ConnectionSettings {
  /** Base URL without a slash at its end. */
  readonly url: string;
  /** For each request, from connecting to the last byte; with `retryBusy` for all tries of one together. */
  readonly timeoutMs: number;
  /** A server that is busy is asked again after the seconds that it names, while the time allows. */
  readonly retryBusy: boolean;
  /** Also where it names more seconds than are left: nobody else answers, and its forecast may change. */
  readonly persistent: boolean;
  /** Empty: no login. */
  readonly username: string;
  readonly password: string;
}

const maxAnswerBytes = 32 * 1024 * 1024;

export class GatewayConnection {
  readonly #settings: ConnectionSettings;
  readonly #http: HttpConnections;
  readonly #tokens: TokenKeeper;

  constructor(settings: ConnectionSettings) {
    this.#settings = settings;
    this.#http = new HttpConnections({ timeoutMs: settings.timeoutMs, maxBodyBytes: maxAnswerBytes });
    this.#tokens = new TokenKeeper(() => this.#login());
  }

  /** The URL for messages: without user info and query. */
  get name(): string {
    const { origin, pathname } = new URL(this.#settings.url);
    return `${origin}${pathname === '/' ? '' : pathname}`;
  }

  /** The JSON of an open route. Errors: GATEWAY_*; the signal's reason when it is aborted. */
  async get(route: string, signal?: AbortSignal): Promise<unknown> {
    return this.#json(route, await this.#ask('GET', route, undefined, {}, signal));
  }

  /**
   * The JSON of a route that wants a token. One that the server refuses is renewed once.
   * Errors: IMAGE_EMPTY, IMAGE_UNDECODABLE; GATEWAY_*; the signal's reason when it is aborted.
   */
  async post(route: string, body: Body, signal?: AbortSignal): Promise<unknown> {
    const until = performance.now() + this.#settings.timeoutMs;
    for (;;) {
      const answer = await this.#authorised(route, body, until, signal);
      const pause = this.#settings.retryBusy ? pauseBefore(answer, until, this.#settings.persistent) : undefined;
      if (pause === undefined) return this.#json(route, answer);
      await sleep(pause, signal);
    }
  }

  async #authorised(route: string, body: Body, until: number, signal: AbortSignal | undefined): Promise<HttpAnswer> {
    const ask = (token: string | undefined): Promise<HttpAnswer> => {
      const timeoutMs = Math.max(1, until - performance.now());
      const headers = { ...bearer(token), ...this.#deadlineHeader(timeoutMs) };
      return this.#ask('POST', route, body, headers, signal, timeoutMs);
    };
    const token = await this.#token(signal);
    const answer = await ask(token);
    if (!isRefusal(answer) || token === undefined) return answer;
    this.#tokens.refused(token);
    return ask(await this.#token(signal));
  }

  /** Tells zmdetectd how long the answer is of use, so that it refuses in time what would come too late. */
  #deadlineHeader(timeoutMs: number): Readonly<Record<string, string>> {
    const { retryBusy, timeoutMs: whole } = this.#settings;
    if (!retryBusy && whole === usualTimeoutMs) return {};
    return { 'x-deadline-ms': String(Math.min(Math.floor(0.95 * (retryBusy ? timeoutMs : whole)), 3_600_000)) };
  }

  /** Logs in unless a token is held, so that this can go on beside other requests. */
  async prepare(signal?: AbortSignal): Promise<void> {
    await this.#token(signal);
  }

  close(): void {
    this.#http.close();
  }

  /** The login serves everybody who waits for it, so no single caller's signal ends it. */
  #token(signal: AbortSignal | undefined): Promise<string | undefined> {
    if (this.#settings.username === '') return Promise.resolve(undefined);
    return signal === undefined ? this.#tokens.current() : orAborted(this.#tokens.current(), signal);
  }

  async #login(): Promise<Login> {
    const { username, password } = this.#settings;
    const answer = await this.#ask('POST', '/login', jsonBody({ username, password }), {}, undefined);
    // The oldest servers have no such route while they want no token.
    if (answer.status === 404) return { token: undefined, seconds: undefined };
    if (isRefusal(answer) || answer.status === 422) {
      throw this.error('GATEWAY_LOGIN_REFUSED', { reason: saidBy(answer) });
    }
    const reply = this.#json('/login', answer);
    const { access_token: token, expires } = isObject(reply) ? reply : {};
    return {
      token: typeof token === 'string' && token !== '' ? token : undefined,
      seconds: typeof expires === 'number' && Number.isFinite(expires) ? expires : undefined,
    };
  }

  async #ask(
    method: 'GET' | 'POST',
    route: string,
    body: Body | undefined,
    own: Readonly<Record<string, string>>,
    signal: AbortSignal | undefined,
    timeoutMs = this.#settings.timeoutMs,
  ): Promise<HttpAnswer> {
    const url = `${this.#settings.url}${route}`;
    const headers = body === undefined ? own : { 'content-type': body.type, ...own };
    try {
      return await this.#http.request({ method, url, headers, body: body?.bytes, timeoutMs }, signal);
    } catch (error) {
      signal?.throwIfAborted();
      const { kind, reason } = failureOf(error, url);
      if (kind === 'timeout') throw this.error('GATEWAY_TIMEOUT', { seconds: this.#settings.timeoutMs / 1000 });
      throw this.error(kind === 'too-large' ? 'GATEWAY_UNEXPECTED' : 'GATEWAY_UNREACHABLE', { reason, kind });
    }
  }

  #json(route: string, answer: HttpAnswer): unknown {
    if (answer.status !== 200) throw this.#failure(answer);
    const value = parsed(answer.body);
    if (value === undefined) {
      throw this.error('GATEWAY_UNEXPECTED', { reason: `${route}: expected JSON, got ${excerpt(answer.body)}` });
    }
    return value;
  }

  #failure(answer: HttpAnswer): ZmdetectError {
    const { status } = answer;
    const reason = saidBy(answer);
    if (isRefusal(answer)) return this.error('GATEWAY_LOGIN_REFUSED', { reason, challenge: challengeOf(answer) });
    if (status === 429 || status === 503) {
      const retryAfter = retryAfterOf(answer);
      return this.error('GATEWAY_BUSY', { reason, ...(retryAfter === undefined ? {} : { retryAfter }) });
    }
    if (status >= 500) return this.error('GATEWAY_FAILED', { reason });
    if (status === 400 && reason.includes('Could not decode image')) return new ZmdetectError('IMAGE_UNDECODABLE');
    if (status === 400 && reason.includes('Empty file')) return new ZmdetectError('IMAGE_EMPTY');
    return this.error(status < 400 ? 'GATEWAY_UNEXPECTED' : 'GATEWAY_REFUSED', { reason });
  }

  error(code: ErrorCode, params: Record<string, string | number>): ZmdetectError {
    return new ZmdetectError(code, { gateway: this.name, ...params });
  }
}

function bearer(token: string | undefined): Readonly<Record<string, string>> {
  return token === undefined ? {} : { authorization: `Bearer ${token}` };
}

/** What a server takes for granted of clients that say nothing. */
const usualTimeoutMs = 60_000;

const shortestPauseMs = 500;

/** Milliseconds to wait before a busy server is asked again; undefined: it is not busy, or the time does not allow it. */
function pauseBefore(answer: HttpAnswer, until: number, persistent: boolean): number | undefined {
  const { status } = answer;
  if (status !== 429 && status !== 503) return undefined;
  const seconds = retryAfterOf(answer) ?? (status === 429 ? 1 : undefined);
  if (seconds === undefined) return undefined;
  const left = until - performance.now();
  // Clients that were refused together do not come back together.
  const named = Math.max(shortestPauseMs, seconds * 1000) * (1 + Math.random() / 4);
  const pause = persistent ? Math.min(named, Math.max(shortestPauseMs, left / 4)) : named;
  return pause + shortestPauseMs < left ? pause : undefined;
}

async function sleep(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await wait(milliseconds, undefined, { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}

/** 401; older servers say 403 where there is no token. */
function isRefusal({ status }: HttpAnswer): boolean {
  return status === 401 || status === 403;
}

/** The scheme that WWW-Authenticate names, lower case; empty where there is none. */
function challengeOf({ headers }: HttpAnswer): string {
  return (headers['www-authenticate'] ?? '').trim().split(/[\s,]/, 1)[0]?.toLowerCase() ?? '';
}

const longestShown = 200;

/** Status and what the body's `detail` says, if it says something. */
function saidBy({ status, headers, body }: HttpAnswer): string {
  const { location = '' } = headers;
  if (status >= 300 && status < 400 && URL.canParse(location)) return `status ${status} to ${redactUrl(location)}`;
  const reply = parsed(body);
  const detail = isObject(reply) ? reply.detail : undefined;
  const text = typeof detail === 'string' ? detail : detail === undefined ? '' : JSON.stringify(detail);
  return text === '' ? `status ${status}` : `status ${status}, ${plainLine(text.slice(0, longestShown))}`;
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8')) as unknown;
  } catch {
    return undefined;
  }
}

function excerpt(body: Buffer): string {
  return body.length === 0 ? 'nothing' : plainLine(JSON.stringify(body.toString('utf8', 0, 60)));
}

/** Seconds; the header also allows a date. */
function retryAfterOf({ headers }: HttpAnswer): number | undefined {
  const text = headers['retry-after'];
  if (text === undefined) return undefined;
  const seconds = /^\d+$/.test(text) ? Number(text) : (Date.parse(text) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, Math.ceil(seconds)) : undefined;
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
