/**
 * HTTP/1.1 over a socket with as little work as can be: requests are bytes made beforehand, and of an answer only the
 * status and the length are read. Load and server share the machine, so what is spent here is missing there.
 */
import { connect, type Socket } from 'node:net';

export interface Answer {
  /** 0: the connection ended before there was an answer. */
  readonly status: number;
  readonly body: Buffer;
}

type Done = (answer: Answer) => void;

const headEnd = Buffer.from('\r\n\r\n');
const lost: Answer = { status: 0, body: Buffer.alloc(0) };

export class Connection {
  readonly #socket: Socket;
  #done: Done | undefined;
  #parts: Buffer[] = [];
  #received = 0;
  /** Bytes of the whole answer, known once its head is there. */
  #expected = Infinity;
  #bodyAt = 0;
  #status = 0;
  #keep = true;

  constructor(port: number) {
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.#socket.on('data', (bytes) => this.#take(bytes));
    this.#socket.on('error', () => undefined);
    this.#socket.on('close', () => {
      this.#keep = false;
      this.#finish(lost);
    });
  }

  /** Whether another request may be sent. */
  get usable(): boolean {
    return this.#keep;
  }

  /** One request at a time; `done` is called once. */
  send(request: Uint8Array, done: Done): void {
    this.#parts = [];
    this.#received = 0;
    this.#expected = Infinity;
    this.#done = done;
    this.#socket.write(request);
  }

  close(): void {
    this.#keep = false;
    this.#socket.destroy();
  }

  #take(bytes: Buffer): void {
    this.#parts.push(bytes);
    this.#received += bytes.length;
    if (this.#expected === Infinity) this.#readHead();
    if (this.#received < this.#expected) return;
    const body = Buffer.concat(this.#parts).subarray(this.#bodyAt, this.#expected);
    // An answer that came before its request was sent: the rest is in the way of the next one.
    if (this.#socket.writableLength > 0) this.#keep = false;
    if (!this.#keep) this.#socket.destroy();
    this.#finish({ status: this.#status, body });
  }

  #readHead(): void {
    const bytes = this.#parts.length === 1 ? this.#parts[0] : Buffer.concat(this.#parts);
    const end = bytes?.indexOf(headEnd) ?? -1;
    if (bytes === undefined || end < 0) return;
    const head = bytes.toString('latin1', 0, end).toLowerCase();
    const length = /\r\ncontent-length: *(\d+)/.exec(head)?.[1];
    if (length === undefined) throw new Error(`expected an answer with a content-length, got ${head}`);
    this.#status = Number(head.slice(9, 12));
    this.#bodyAt = end + headEnd.length;
    this.#expected = this.#bodyAt + Number(length);
    if (/\r\nconnection: *close/.test(head)) this.#keep = false;
  }

  #finish(answer: Answer): void {
    const done = this.#done;
    this.#done = undefined;
    done?.(answer);
  }
}
