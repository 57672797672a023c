/** Bytes that come in pieces, as one buffer. */

/** As much as is taken for the first piece, where more is expected. */
const firstBytes = 256 * 1024;

/**
 * Pieces are copied, so that a byte does not keep the large buffer alive in which it was received. Memory grows with what has
 * come, up to the length that was declared, and not with what is only promised.
 */
export class ByteCollector {
  readonly #expected: number;
  #buffer: Buffer = Buffer.alloc(0);
  #length = 0;

  constructor(expected: number) {
    this.#expected = expected;
  }

  add(piece: Uint8Array): void {
    const needed = this.#length + piece.length;
    if (needed > this.#buffer.length) this.#grow(needed);
    this.#buffer.set(piece, this.#length);
    this.#length = needed;
  }

  get length(): number {
    return this.#length;
  }

  /** To be read once all is there. */
  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  #grow(needed: number): void {
    const next = Math.min(this.#expected, Math.max(firstBytes, this.#length * 4));
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, next, this.#length * 2));
    larger.set(this.bytes);
    this.#buffer = larger;
  }
}
