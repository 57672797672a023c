/**
 * Python's pickle for lists of numbers and texts, which is what pyzm keeps on disk. A pickle is a program; of its
 * instructions only those are known here that build plain values. Whatever else one may hold, such as a call, is refused.
 *
 * Source: the opcode table of CPython's `pickletools`.
 */

import { limits } from '../limits.js';

/** The bytes are no pickle, or one that holds more than plain values. */
export class PickleFault extends Error {
  override readonly name = 'PickleFault';
}

export interface PickleLimits {
  /** Pickles in the file. */
  readonly pickles: number;
  /** Instructions of all pickles. */
  readonly instructions: number;
}

const defaultLimits: PickleLimits = { pickles: 2, instructions: limits.pickleInstructions.value };

/**
 * The values of pickles that stand one after the other, protocols 2 to 5. A tuple comes as an array. Each instruction
 * takes time for the bytes and the values that it takes, so that the whole is linear in both. Throws PickleFault.
 */
export function readPickles(bytes: Buffer, most = defaultLimits): unknown[] {
  const values: unknown[] = [];
  let instructions = 0;
  for (let at = 0; at < bytes.length;) {
    if (values.length === most.pickles) throw new PickleFault(`more than ${most.pickles} pickles in a row`);
    const reader = new Reader(bytes, at, most.instructions - instructions);
    values.push(reader.value());
    at = reader.at;
    instructions += reader.instructions;
  }
  return values;
}

class Reader {
  readonly #bytes: Buffer;
  readonly #stack: unknown[] = [];
  /** Where on the stack lists and tuples of unknown length begin. */
  readonly #marks: number[] = [];
  readonly #memo = new Map<number, unknown>();
  readonly #most: number;
  at: number;
  instructions = 0;

  constructor(bytes: Buffer, at: number, most: number) {
    this.#bytes = bytes;
    this.#most = most;
    this.at = at;
  }

  value(): unknown {
    for (;;) {
      this.instructions += 1;
      if (this.instructions > this.#most) throw new PickleFault('too many instructions');
      const opcode = this.#uint(1);
      if (opcode === 0x2e) return this.#pop(); // STOP
      this.#step(opcode);
    }
  }

  #step(opcode: number): void {
    switch (opcode) {
      case 0x80: // PROTO
        return this.#checkProtocol(this.#uint(1));
      case 0x95: // FRAME: the length of what follows
        return void this.#take(8);
      case 0x28: // MARK
        return void this.#marks.push(this.#stack.length);
      case 0x4e: // NONE
        return this.#push(null);
      case 0x88: // NEWTRUE
        return this.#push(true);
      case 0x89: // NEWFALSE
        return this.#push(false);
      case 0x4a: // BININT
        return this.#push(this.#take(4).readInt32LE());
      case 0x4b: // BININT1
        return this.#push(this.#uint(1));
      case 0x4d: // BININT2
        return this.#push(this.#uint(2));
      case 0x8a: // LONG1
        return this.#push(signedInteger(this.#take(this.#uint(1))));
      case 0x47: // BINFLOAT
        return this.#push(this.#take(8).readDoubleBE());
      case 0x8c: // SHORT_BINUNICODE
        return this.#push(this.#take(this.#uint(1)).toString('utf8'));
      case 0x58: // BINUNICODE
        return this.#push(this.#take(this.#uint(4)).toString('utf8'));
      case 0x5d: // EMPTY_LIST
      case 0x29: // EMPTY_TUPLE
        return this.#push([]);
      case 0x61: // APPEND
        return this.#append([this.#pop()]);
      case 0x65: // APPENDS
        return this.#append(this.#popToMark());
      case 0x74: // TUPLE
        return this.#push(this.#popToMark());
      case 0x85: // TUPLE1
      case 0x86: // TUPLE2
      case 0x87: // TUPLE3
        return this.#push(Array.from({ length: opcode - 0x84 }, () => this.#pop()).reverse());
      case 0x94: // MEMOIZE
        return this.#remember(this.#memo.size);
      case 0x71: // BINPUT
        return this.#remember(this.#uint(1));
      case 0x72: // LONG_BINPUT
        return this.#remember(this.#uint(4));
      case 0x68: // BINGET
        return this.#recall(this.#uint(1));
      case 0x6a: // LONG_BINGET
        return this.#recall(this.#uint(4));
      default:
        throw new PickleFault(`expected only lists, numbers and texts, got opcode 0x${opcode.toString(16)}`);
    }
  }

  #take(length: number): Buffer {
    const end = this.at + length;
    if (end > this.#bytes.length) throw new PickleFault('the pickle ends too early');
    const taken = this.#bytes.subarray(this.at, end);
    this.at = end;
    return taken;
  }

  #uint(length: number): number {
    return this.#take(length).readUIntLE(0, length);
  }

  #checkProtocol(version: number): void {
    if (version < 2 || version > 5) throw new PickleFault(`expected pickle protocol 2 to 5, got ${version}`);
  }

  #push(value: unknown): void {
    this.#stack.push(value);
  }

  #pop(): unknown {
    if (this.#stack.length <= (this.#marks.at(-1) ?? 0)) throw new PickleFault('an instruction finds no value');
    return this.#stack.pop();
  }

  #popToMark(): unknown[] {
    const begin = this.#marks.pop();
    if (begin === undefined) throw new PickleFault('an instruction finds no mark');
    return this.#stack.splice(begin);
  }

  /** To the list on top of the stack. */
  #append(items: readonly unknown[]): void {
    const list = this.#top();
    if (!Array.isArray(list)) throw new PickleFault('an instruction finds no list');
    for (const item of items) list.push(item);
  }

  #remember(index: number): void {
    this.#memo.set(index, this.#top());
  }

  #top(): unknown {
    if (this.#stack.length <= (this.#marks.at(-1) ?? 0)) throw new PickleFault('an instruction finds no value');
    return this.#stack.at(-1);
  }

  #recall(index: number): void {
    if (!this.#memo.has(index)) throw new PickleFault('an instruction finds no value');
    this.#push(this.#memo.get(index));
  }
}

/** Two's complement, little-endian; beyond 2^53 the nearest double. */
function signedInteger(bytes: Buffer): number {
  const value = bytes.reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n);
  return Number(BigInt.asIntN(8 * bytes.length, value));
}

export type Plain = number | string | readonly Plain[];

/** One pickle of protocol 2, which every Python 3 reads. */
export function writePickle(value: Plain): Buffer {
  const chunks = [Buffer.from([0x80, 2])];
  write(value, chunks);
  chunks.push(Buffer.from('.'));
  return Buffer.concat(chunks);
}

function write(value: Plain, chunks: Buffer[]): void {
  if (typeof value === 'number') {
    chunks.push(isInt32(value) ? withInt32('J', value) : withDouble('G', value));
  } else if (typeof value === 'string') {
    const text = Buffer.from(value, 'utf8');
    chunks.push(withInt32('X', text.length), text);
  } else {
    chunks.push(Buffer.from(']('));
    for (const item of value) write(item, chunks);
    chunks.push(Buffer.from('e'));
  }
}

function isInt32(value: number): boolean {
  return (value | 0) === value;
}

function withInt32(opcode: string, value: number): Buffer {
  const chunk = Buffer.alloc(5, opcode);
  chunk.writeInt32LE(value, 1);
  return chunk;
}

function withDouble(opcode: string, value: number): Buffer {
  const chunk = Buffer.alloc(9, opcode);
  chunk.writeDoubleBE(value, 1);
  return chunk;
}
