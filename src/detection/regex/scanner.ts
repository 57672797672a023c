/** Reads a pattern code point by code point; positions in errors are Python's. */
import { ZmdetectError } from '../../errors.js';

export class Scanner {
  readonly source: string;
  protected pos = 0;
  /** Nodes so far. */
  protected size = 0;
  readonly #chars: readonly string[];

  constructor(source: string) {
    this.source = source;
    this.#chars = Array.from(source);
  }

  protected peek(): string | undefined {
    return this.#chars[this.pos];
  }

  protected next(): string | undefined {
    return this.#chars[this.pos++];
  }

  protected take(char: string): boolean {
    const found = this.peek() === char;
    if (found) this.pos++;
    return found;
  }

  /** Up to `most` characters of a kind. */
  protected takeWhile(kind: RegExp, most = Number.POSITIVE_INFINITY): string {
    let text = '';
    for (let char = this.peek(); char !== undefined && text.length < most && kind.test(char); char = this.peek()) {
      text += char;
      this.pos++;
    }
    return text;
  }

  /** What stands before `end`, which is consumed. */
  protected takeUntil(end: string, missing: string): string {
    const start = this.pos;
    let text = '';
    for (let char = this.next(); char !== end; char = this.next()) {
      if (char === undefined) this.fail(missing, start);
      text += char;
    }
    return text;
  }

  protected fail(reason: string, position = this.pos): never {
    throw patternInvalid(this.source, `${reason} at position ${position}`);
  }
}

export function patternInvalid(source: string, reason: string): ZmdetectError {
  const pattern = source.length > 100 ? `${source.slice(0, 100)}...` : source;
  return new ZmdetectError('PATTERN_INVALID', { pattern, reason });
}
