/** Slows down whoever guesses passwords: wrong logins are counted for each address and for each user name. */
import { createHmac, randomBytes } from 'node:crypto';

import { ZmdetectError } from '../errors.js';
import { limits } from '../limits.js';
import { addressKey } from './http/address.js';

/** Tries that come back with time: a full bucket is worth `capacity`. */
interface Bucket {
  tries: number;
  /** When `tries` was right, in milliseconds. */
  at: number;
}

interface OfAddress extends Bucket {
  /** The last wrong logins, so that a client that repeats one does not use up the tries of the others there. */
  readonly wrong: string[];
  /** Whether a login from there was right before: a guesser elsewhere does not lock it out by the user name. */
  isKnown: boolean;
}

const wrongRemembered = 4;

export class LoginGuard {
  readonly #now: () => number;
  readonly #addresses = new Map<string, OfAddress>();
  readonly #users = new Map<string, Bucket>();
  /** What is remembered of a login tells nothing without it. */
  readonly #key = randomBytes(32);

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Addresses and user names that are remembered. */
  get size(): number {
    return this.#addresses.size + this.#users.size;
  }

  /**
   * Runs `login` unless too many were wrong, and counts it if it throws.
   * Errors: LOGIN_LIMITED, whatever the login; and those of `login`.
   */
  run<T>(client: string, username: string, password: string, login: () => T): T {
    const address = this.#ofAddress(addressKey(client));
    const user = this.#ofUser(this.#digest(username));
    const attempt = this.#digest(JSON.stringify([username, password]));
    if (!address.wrong.includes(attempt)) {
      this.#demand(address, limits.loginFailures.value);
      if (!address.isKnown) this.#demand(user, limits.loginFailuresOfUser.value);
    }
    try {
      const granted = login();
      address.isKnown = true;
      return granted;
    } catch (error) {
      if (!address.wrong.includes(attempt)) {
        address.tries -= 1;
        user.tries -= 1;
        address.wrong.push(attempt);
        if (address.wrong.length > wrongRemembered) address.wrong.shift();
      }
      throw error;
    }
  }

  #demand(bucket: Bucket, capacity: number): void {
    const now = this.#now();
    const recovery = limits.loginRecoveryMs.value * (limits.loginFailures.value / capacity);
    const back = Math.floor((now - bucket.at) / recovery);
    if (back > 0) {
      bucket.tries = Math.min(capacity, bucket.tries + back);
      bucket.at += back * recovery;
    }
    if (bucket.tries > 0) return;
    throw new ZmdetectError('LOGIN_LIMITED', { retryAfter: Math.ceil((bucket.at + recovery - now) / 1000) });
  }

  #ofAddress(key: string): OfAddress {
    const fresh = { tries: limits.loginFailures.value, at: this.#now(), wrong: [], isKnown: false };
    return remembered(this.#addresses, key, fresh);
  }

  #ofUser(key: string): Bucket {
    return remembered(this.#users, key, { tries: limits.loginFailuresOfUser.value, at: this.#now() });
  }

  #digest(text: string): string {
    return createHmac('sha256', this.#key).update(text).digest('base64');
  }
}

/** Moves the entry to the end of the table, and forgets the one at its beginning where there are too many. */
function remembered<T>(table: Map<string, T>, key: string, fresh: T): T {
  const entry = table.get(key) ?? fresh;
  table.delete(key);
  table.set(key, entry);
  if (table.size > limits.loginTable.value / 2) {
    const [oldest] = table.keys();
    if (oldest !== undefined) table.delete(oldest);
  }
  return entry;
}
