/** The token for one server: kept while it holds, renewed before it ends. */

export interface Login {
  /** undefined where the server gave none: it wants none. */
  readonly token: string | undefined;
  /** Life in seconds; undefined where the server does not say. */
  readonly seconds: number | undefined;
}

interface Held {
  readonly token: string | undefined;
  /** Clock reading (milliseconds) from which on it is not used any more. */
  readonly until: number;
}

/** A token is renewed this long before its end, or in the last tenth of a shorter life. */
const graceSeconds = 30;

export class TokenKeeper {
  readonly #login: () => Promise<Login>;
  #held: Held | undefined;
  #pending: Promise<Held> | undefined;

  /** `login` is asked for a token; it never runs twice at once. */
  constructor(login: () => Promise<Login>) {
    this.#login = login;
  }

  /** A token that holds, or undefined where the server wants none. Rejects as `login` does. */
  async current(): Promise<string | undefined> {
    if (this.#held !== undefined && performance.now() < this.#held.until) return this.#held.token;
    this.#pending ??= this.#obtain().finally(() => {
      this.#pending = undefined;
    });
    return (await this.#pending).token;
  }

  /** To be called when the server refused `token`; the next `current()` logs in, unless somebody has done so since. */
  refused(token: string | undefined): void {
    if (this.#held?.token === token) this.#held = undefined;
  }

  async #obtain(): Promise<Held> {
    const { token, seconds } = await this.#login();
    this.#held = { token, until: performance.now() + usableSeconds(seconds) * 1000 };
    return this.#held;
  }
}

function usableSeconds(seconds: number | undefined): number {
  if (seconds === undefined) return Number.POSITIVE_INFINITY;
  return Math.max(0, seconds - Math.min(graceSeconds, seconds / 10));
}
