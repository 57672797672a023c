/**
 * Credentials for one ZoneMinder: tokens from API 2.0 on, the older query fragment before. Whoever asks for them gets
 * some that are good for the next minutes; logins never run twice at once.
 */
import { ZmdetectError } from '../../errors.js';
import { redactUrl } from '../../frames/url.js';
import type { Log } from '../../log.js';
import type { HttpAnswer, HttpClient } from './http.js';
import { jsonOf, messageOf, phpMessage, text, number, type Fields } from './read.js';
import type { Version } from './types.js';

interface Credentials {
  /** Query fragment; empty where ZoneMinder asks for none. */
  readonly query: string;
  /** From this clock reading (milliseconds) on it should be renewed. */
  readonly renewAt: number;
  /** For a new access token without the password; undefined where there is none that still holds. */
  readonly refresh: { readonly token: string; readonly until: number } | undefined;
}

/** A token is renewed this long before it ends, or in the last quarter of a shorter life. */
const graceSeconds = 300;

export class Session {
  readonly #http: HttpClient;
  readonly #apiUrl: string;
  readonly #user: string;
  readonly #password: string;
  readonly #log: Log;
  #version: Version | undefined;
  #credentials: Credentials | undefined;
  #pending: Promise<Credentials> | undefined;

  constructor(http: HttpClient, apiUrl: string, user: string, password: string, log: Log) {
    this.#http = http;
    this.#apiUrl = apiUrl;
    this.#user = user;
    this.#password = password;
    this.#log = log;
  }

  /** Logs in anew, with the password. */
  async login(): Promise<void> {
    this.#credentials = undefined;
    await this.#current();
  }

  /** The credentials as a query fragment, renewed in time. */
  async query(): Promise<string> {
    return (await this.#current()).query;
  }

  /** To be called when ZoneMinder has refused `query`: gives another one, or undefined where there is none to get. */
  async renewed(query: string): Promise<string | undefined> {
    if (query === '') return undefined;
    if (this.#credentials?.query === query) this.#credentials = { ...this.#credentials, renewAt: 0 };
    return this.query();
  }

  async version(): Promise<Version> {
    await this.#current();
    this.#version ??= versionOf(await this.#ask('GET', 'host/getVersion.json'));
    return this.#version;
  }

  /** `words` without any secret of this session. */
  redact(words: string): string {
    const secrets = [this.#password, this.#credentials?.refresh?.token, this.#credentials?.query.replace(/^\w+=/, '')];
    return secrets.reduce<string>((left, secret) => (secret ? left.replaceAll(secret, '***') : left), words);
  }

  #current(): Promise<Credentials> {
    const held = this.#credentials;
    if (held !== undefined && performance.now() < held.renewAt) return Promise.resolve(held);
    this.#pending ??= this.#obtain(held).finally(() => {
      this.#pending = undefined;
    });
    return this.#pending;
  }

  async #obtain(held: Credentials | undefined): Promise<Credentials> {
    this.#credentials = (await this.#refreshed(held)) ?? (await this.#loggedIn());
    return this.#credentials;
  }

  /** New credentials by the refresh token; undefined where the password is needed. */
  async #refreshed(held: Credentials | undefined): Promise<Credentials | undefined> {
    if (held?.refresh === undefined || performance.now() > held.refresh.until) return undefined;
    const answer = await this.#http.request('POST', this.#loginUrl, { form: { token: held.refresh.token } });
    const fields = answer.status === 200 ? jsonOf(answer) : undefined;
    const token = text(fields?.access_token);
    if (fields === undefined || token === '') {
      this.#log.debug(`ZoneMinder does not take the refresh token (status ${answer.status}): logging in again`);
      return undefined;
    }
    return { query: `token=${token}`, renewAt: renewalOf(fields), refresh: held.refresh };
  }

  async #loggedIn(): Promise<Credentials> {
    if (this.#user === '') return { query: '', renewAt: Number.POSITIVE_INFINITY, refresh: undefined };
    const fields = await this.#ask('POST', 'host/login.json', { user: this.#user, pass: this.#password });
    if (text(fields.version) !== '') this.#version = versionOf(fields);
    const token = text(fields.access_token);
    if (token !== '') {
      return { query: `token=${token}`, renewAt: renewalOf(fields), refresh: refreshOf(fields) };
    }
    const older = text(fields.credentials);
    if (older === '') {
      this.#log.warn(`a user is set, but ${redactUrl(this.#apiUrl)} asks for none: its OPT_USE_AUTH is off`);
      return { query: '', renewAt: Number.POSITIVE_INFINITY, refresh: undefined };
    }
    const query = number(fields.append_password) === 1 ? `${older}${encodeURIComponent(this.#password)}` : older;
    // An `auth=` hash holds for AUTH_HASH_TTL hours, two by default, and names no end.
    return { query, renewAt: performance.now() + 3_600_000, refresh: undefined };
  }

  get #loginUrl(): string {
    return `${this.#apiUrl}/host/login.json`;
  }

  async #ask(method: 'GET' | 'POST', path: string, form?: Readonly<Record<string, string>>): Promise<Fields> {
    const url = `${this.#apiUrl}/${path}`;
    const answer = await this.#http.request(method, url, { form });
    if (answer.status === 401) throw this.#refused(answer);
    const fields = jsonOf(answer);
    if (answer.status !== 200 || fields === undefined) throw unexpected(url, answer);
    return fields;
  }

  #refused(answer: HttpAnswer): ZmdetectError {
    const said = answer.challenge === 'basic' ? basicFault : this.redact(messageOf(answer));
    const who = this.#user === '' ? 'a request without a user' : `user ${JSON.stringify(this.#user)}`;
    return new ZmdetectError('ZONEMINDER_REFUSED', {
      reason: `${redactUrl(this.#apiUrl)} refuses ${who}${said === '' ? '' : ` (${said})`}`,
      challenge: answer.challenge,
    });
  }
}

export const basicFault = 'the web server in front wants a Basic login, or another one';

/** The error for an answer that is not what was asked for. */
export function unexpected(url: string, answer: HttpAnswer, expected = 'JSON'): ZmdetectError {
  const what = answer.type === 'text/html' ? 'a web page' : answer.body.length === 0 ? 'nothing' : answer.type;
  const got = answer.redirect === undefined ? what : `a redirect to ${answer.redirect}`;
  return new ZmdetectError('ZONEMINDER_UNEXPECTED', {
    reason: `${redactUrl(url)}: expected ${expected}, got status ${answer.status} with ${got}${phpIn(answer)}`,
    kind: answer.status >= 400 ? 'status' : 'undecodable',
    status: answer.status,
  });
}

function phpIn(answer: HttpAnswer): string {
  const message = phpMessage(answer);
  return message === '' ? '' : ` that begins with PHP's ${JSON.stringify(message)}: see the log of its web server`;
}

function versionOf(fields: Fields): Version {
  return { zoneMinder: text(fields.version), api: text(fields.apiversion) };
}

function renewalOf(fields: Fields): number {
  const seconds = number(fields.access_token_expires) || 3600;
  return performance.now() + (seconds - Math.min(graceSeconds, seconds / 4)) * 1000;
}

function refreshOf(fields: Fields): Credentials['refresh'] {
  const token = text(fields.refresh_token);
  if (token === '') return undefined;
  return { token, until: performance.now() + (number(fields.refresh_token_expires) - graceSeconds) * 1000 };
}
