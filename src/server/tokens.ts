/** Tokens: JWT with HS256, claims `sub`, `iat` and `exp` in floating-point epoch seconds (contract 3). */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { createVerifier } from 'fast-jwt';

import type { Secret } from '../config/secret.js';
import { ZmdetectError } from '../errors.js';

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
  readonly #verify: (token: string) => unknown;

  /** Errors: CONFIG_INVALID when tokens are to be checked and the secret is none. */
  constructor(settings: AuthSettings) {
    this.#settings = settings;
    this.#key = Buffer.from(settings.tokenSecret.reveal(), 'utf8');
    this.#verify = settings.enabled ? verifier(this.#key) : () => undefined;
  }

  /** A token for the configured user. With authentication off anybody gets one. Errors: CREDENTIALS_INVALID. */
  login(username: unknown, password: unknown): Grant {
    const { enabled, tokenExpirySeconds } = this.#settings;
    if (enabled) {
      const known =
        typeof username === 'string' &&
        typeof password === 'string' &&
        sameText(username, this.#settings.username) &&
        sameText(password, this.#settings.password.reveal());
      if (!known) throw new ZmdetectError('CREDENTIALS_INVALID');
    }
    const now = Date.now() / 1000;
    const sub = typeof username === 'string' ? username : '';
    const claims = { sub, iat: now, exp: now + tokenExpirySeconds };
    return { access_token: signed(claims, this.#key), expires: tokenExpirySeconds };
  }

  /** Lets a request pass or throws NOT_AUTHENTICATED, TOKEN_EXPIRED or TOKEN_INVALID. */
  check(authorization: string | undefined): void {
    if (!this.#settings.enabled) return;
    const token = /^bearer +(\S+)\s*$/i.exec(authorization ?? '')?.[1];
    if (token === undefined) throw new ZmdetectError('NOT_AUTHENTICATED');
    const claims = this.#claims(token);
    const now = Date.now() / 1000;
    if (typeof claims.sub !== 'string') throw new ZmdetectError('TOKEN_INVALID');
    for (const name of ['iat', 'nbf'] as const) {
      const time = claims[name];
      if (time !== undefined && !(typeof time === 'number' && time <= now + 1))
        throw new ZmdetectError('TOKEN_INVALID');
    }
    if (claims.exp === undefined) return;
    if (typeof claims.exp !== 'number') throw new ZmdetectError('TOKEN_INVALID');
    if (Math.trunc(claims.exp) <= now) throw new ZmdetectError('TOKEN_EXPIRED');
  }

  #claims(token: string): Record<string, unknown> {
    try {
      const claims = this.#verify(token);
      if (typeof claims === 'object' && claims !== null) return claims as Record<string, unknown>;
    } catch {
      // The reason is the sender's affair; a token's text never gets into a log.
    }
    throw new ZmdetectError('TOKEN_INVALID');
  }
}
