/** Tokens: JWT with HS256, claims `sub`, `iat` and `exp` in floating-point epoch seconds (contract 3). */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { createVerifier } from 'fast-jwt';

import type { Secret } from '../config/secret.js';
import { ZmdetectError } from '../errors.js';
import { limits } from '../limits.js';
import { LoginGuard } from './login-guard.js';

export interface AuthSettings {
  readonly enabled: boolean;
  readonly username: string;
  readonly password: Secret;
  readonly tokenExpirySeconds: number;
  readonly tokenSecret: Secret;
}

export interface Grant {
  readonly access_token: string;
  /** Life in seconds, not a time. */
  readonly expires: number;
}

/** Digests have one length, so the comparison takes the same time wherever the texts differ. */
function sameText(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

/** A value that is no text is told apart from every text. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value : `\u0000${typeof value}`;
}

/** Signed here, because the library's signer refuses times with a fraction. */
function signed(claims: object, key: Buffer): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const content = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`;
  return `${content}.${createHmac('sha256', key).update(content).digest('base64url')}`;
}

/** Times are judged by the authority, which allows for fractions. */
function verifier(key: Buffer): (token: string) => unknown {
  try {
    return createVerifier({ key, algorithms: ['HS256'], ignoreExpiration: true, ignoreNotBefore: true });
  } catch (error) {
    const reason = 'token_secret is empty or no secret that tokens can be signed with: set another one';
    throw new ZmdetectError('CONFIG_INVALID', { reason }, { cause: error });
  }
}

export class TokenAuthority {
  readonly #settings: AuthSettings;
  readonly #key: Buffer;
  readonly #guard: LoginGuard;
  readonly #verify: (token: string) => unknown;

  /** Errors: CONFIG_INVALID when tokens are to be checked and the secret is none. */
  constructor(settings: AuthSettings, guard = new LoginGuard()) {
    this.#guard = guard;
    this.#settings = settings;
    this.#key = Buffer.from(settings.tokenSecret.reveal(), 'utf8');
    this.#verify = settings.enabled ? verifier(this.#key) : () => undefined;
  }

  /** Whether tokens are asked for. */
  get enabled(): boolean {
    return this.#settings.enabled;
  }

  /**
   * A token for the configured user. With authentication off anybody gets one.
   * Errors: CREDENTIALS_INVALID; LOGIN_LIMITED where the client, or others with this user name, were wrong too often.
   */
  login(username: unknown, password: unknown, client: string): Grant {
    const { enabled } = this.#settings;
    if (enabled) this.#guard.run(client, textOf(username), textOf(password), () => this.#compare(username, password));
    return this.#grant(typeof username === 'string' ? username : '');
  }

  #compare(username: unknown, password: unknown): void {
    const known =
      typeof username === 'string' &&
      typeof password === 'string' &&
      sameText(username, this.#settings.username) &&
      sameText(password, this.#settings.password.reveal());
    if (!known) throw new ZmdetectError('CREDENTIALS_INVALID');
  }

  #grant(sub: string): Grant {
    const { tokenExpirySeconds } = this.#settings;
    const now = Date.now() / 1000;
    return {
      access_token: signed({ sub, iat: now, exp: now + tokenExpirySeconds }, this.#key),
      expires: tokenExpirySeconds,
    };
  }

  /** Lets a request pass or throws NOT_AUTHENTICATED, TOKEN_EXPIRED or TOKEN_INVALID. */
  check(authorization: string | undefined): void {
    const refusal = this.refusal(authorization);
    if (refusal !== undefined) throw refusal;
  }

  /** Why a request may not pass; undefined: it may. */
  refusal(authorization: string | undefined): ZmdetectError | undefined {
    if (!this.#settings.enabled) return undefined;
    const token = /^bearer +(\S+)\s*$/i.exec(authorization ?? '')?.[1];
    if (token === undefined) return new ZmdetectError('NOT_AUTHENTICATED');
    const claims = this.#claims(token);
    const now = Date.now() / 1000;
    if (typeof claims?.sub !== 'string' || !this.#isTimely(claims, now)) return new ZmdetectError('TOKEN_INVALID');
    return Math.trunc(Number(claims.exp)) <= now ? new ZmdetectError('TOKEN_EXPIRED') : undefined;
  }

  /** A token must end, and not so late that it might as well not. */
  #isTimely({ iat, nbf, exp }: Readonly<Record<string, unknown>>, now: number): boolean {
    const longest = Math.max(limits.tokenLifeMs.value / 1000, this.#settings.tokenExpirySeconds);
    const isTime = (value: unknown, latest: number) =>
      typeof value === 'number' && Number.isFinite(value) && value <= latest;
    const isPast = (value: unknown) => value === undefined || isTime(value, now + 1);
    return isPast(iat) && isPast(nbf) && isTime(exp, now + longest + 1);
  }

  /** undefined where the token is not signed with our key. */
  #claims(token: string): Readonly<Record<string, unknown>> | undefined {
    try {
      const claims = this.#verify(token);
      if (typeof claims === 'object' && claims !== null) return claims as Record<string, unknown>;
    } catch {
      // The reason is the sender's affair; a token's text never gets into a log.
    }
    return undefined;
  }
}
