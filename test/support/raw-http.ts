/** HTTP by hand, where the bytes matter. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface RawAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly json: unknown;
}

/** Request line and headers, with the empty line that ends them. */
export function head(line: string, headers: Readonly<Record<string, string | number>> = {}): string {
  const lines = Object.entries({ Host: 'gateway', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${line} HTTP/1.1\r\n${lines.join('')}\r\n`;
}

/** A piece of a chunked body; an empty one ends it. */
export function chunk(bytes: string | Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), Buffer.from(bytes), Buffer.from('\r\n')]);
}

export class RawConnection {
  readonly #socket: Socket;
  #received = Buffer.alloc(0);
  #closed = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (bytes) => {
      this.#received = Buffer.concat([this.#received, bytes]);
    });
    // A reset ends the connection as well as a close does.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#closed = true;
    });
  }

  static async open(port: number): Promise<RawConnection> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new RawConnection(socket);
  }

  send(...parts: readonly (string | Uint8Array)[]): void {
    for (const part of parts) this.#socket.write(part);
  }

  /** The next answer. Rejects when the connection ends before it is complete. */
  async answer(): Promise<RawAnswer> {
    for (;;) {
      const answer = this.#take();
      if (answer !== undefined) return answer;
      if (this.#closed) throw new Error(`the connection ended after ${JSON.stringify(this.#received.toString())}`);
      await Promise.race([once(this.#socket, 'data'), once(this.#socket, 'close')]);
    }
  }

  /** Resolves when the server has ended the connection. */
  async closed(): Promise<void> {
    if (!this.#closed) await once(this.#socket, 'close');
  }

  hangUp(): void {
    this.#socket.destroy();
  }

  #take(): RawAnswer | undefined {
    const end = this.#received.indexOf('\r\n\r\n');
    if (end < 0) return undefined;
    const [line = '', ...rows] = this.#received.subarray(0, end).toString().split('\r\n');
    const headers = Object.fromEntries(rows.map((row) => splitAt(row, ': ')));
    const from = end + 4;
    const to = from + Number(headers['content-length'] ?? 0);
    if (this.#received.length < to) return undefined;
    const body = this.#received.subarray(from, to).toString();
    this.#received = this.#received.subarray(to);
    return { status: Number(line.split(' ')[1]), headers, body, json: jsonOf(headers, body) };
  }
}

function splitAt(row: string, separator: string): [string, string] {
  const at = row.indexOf(separator);
  return [row.slice(0, at).toLowerCase(), row.slice(at + separator.length)];
}

function jsonOf(headers: Readonly<Record<string, string>>, body: string): unknown {
  return headers['content-type'] === 'application/json' && body !== '' ? JSON.parse(body) : undefined;
}

/** One request over a connection of its own, and its answer. */
export async function exchange(port: number, ...parts: readonly (string | Uint8Array)[]): Promise<RawAnswer> {
  const connection = await RawConnection.open(port);
  try {
    connection.send(...parts);
    return await connection.answer();
  } finally {
    connection.hangUp();
  }
}

/** As python-requests sends it: these headers in this order, over a connection of its own. */
export function requests(port: number, path: string, type: string, body: string | Uint8Array, token?: string) {
  const headers = {
    Host: `127.0.0.1:${port}`,
    'User-Agent': 'python-requests/2.32.3',
    'Accept-Encoding': 'gzip, deflate',
    Accept: '*/*',
    Connection: 'keep-alive',
    ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
    'Content-Length': Buffer.byteLength(body),
    'Content-Type': type,
  };
  return exchange(port, head(`POST ${path}`, headers), body);
}
