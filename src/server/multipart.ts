/** Reads a multipart form: small text fields, and one kind of file part kept in memory. */
import busboy from 'busboy';

import { ZmdetectError } from '../errors.js';
import { limits } from '../limits.js';
import { declaredLength, receive } from './body.js';
import { ByteCollector } from './byte-collector.js';
import type { Exchange } from './exchange.js';

export interface Form {
  /** The last one wins where a name comes twice. */
  readonly fields: ReadonlyMap<string, string>;
  readonly files: ReadonlyMap<string, Buffer>;
}

const noForm: Form = { fields: new Map(), files: new Map() };

/**
 * Reads the whole form and keeps the parts that are called one of `names`. A body of another content type has no parts.
 * Errors: MULTIPART_NO_BOUNDARY, MULTIPART_INVALID, PART_TOO_LARGE, UPLOAD_TOO_LARGE, CANCELLED.
 */
export async function readForm(exchange: Exchange, maxBytes: number, names: readonly string[]): Promise<Form> {
  const type = exchange.request.headers['content-type'] ?? '';
  if (!/^multipart\/form-data/i.test(type)) return noForm;
  const boundary = /boundary=("[^"]*|[^;]*)/i.exec(type)?.[1];
  if (boundary === undefined) throw new ZmdetectError('MULTIPART_NO_BOUNDARY');
  if (boundary.length > limits.boundaryCharacters.value) throw invalid();
  const fields = new Map<string, string>();
  const files = new Map<string, ByteCollector>();
  const parser = parserOf(type, maxBytes);
  const parsed = new Promise<void>((resolve, reject) => {
    parser.on('field', (name, value, info) => {
      const isTooLarge = info.valueTruncated || Buffer.byteLength(value) > limits.fieldBytes.value;
      if (isTooLarge) reject(new ZmdetectError('PART_TOO_LARGE'));
      else if (names.includes(name)) fields.set(name, value);
    });
    parser.on('file', (name, stream) => {
      stream.on('error', (error) => reject(invalid(error)));
      if (!names.includes(name)) {
        stream.resume();
        return;
      }
      // Of two files the last one counts; the bytes of the first may come after it was announced.
      const collected = new ByteCollector(declaredLength(exchange));
      files.set(name, collected);
      stream.on('data', (chunk: Buffer) => collected.add(chunk));
    });
    parser.on('partsLimit', () => reject(invalid()));
    parser.on('error', (error) => reject(invalid(error)));
    parser.on('close', resolve);
  });
  // What is in the form is kept in memory anyway, so nothing is gained by making the sender wait for the parser.
  const limit = { bytes: maxBytes, held: exchange.held };
  const pieces = new Pieces((piece) => void parser.write(piece));
  const received = receive(exchange, limit, (chunk) => pieces.add(chunk)).then(() => {
    pieces.flush();
    parser.end();
  });
  // Whichever fails first ends the reading; the other's failure says nothing new.
  await Promise.all([parsed, received]);
  return { fields, files: new Map([...files].map(([name, { bytes }]) => [name, bytes])) };
}

const smallBytes = 4096;
const gatheredBytes = 64 * 1024;

/** Hands pieces on, small ones together: each costs the parser an object that lives as long as its field. */
class Pieces {
  readonly #take: (piece: Buffer) => void;
  #small = new ByteCollector(0);

  constructor(take: (piece: Buffer) => void) {
    this.#take = take;
  }

  add(piece: Buffer): void {
    if (piece.length >= smallBytes) {
      this.flush();
      this.#take(piece);
      return;
    }
    this.#small.add(piece);
    if (this.#small.length >= gatheredBytes) this.flush();
  }

  flush(): void {
    if (this.#small.length === 0) return;
    this.#take(this.#small.bytes);
    // The parser may keep what it was given.
    this.#small = new ByteCollector(0);
  }
}

function parserOf(type: string, maxBytes: number): busboy.Busboy {
  try {
    return busboy({
      headers: { 'content-type': type },
      defParamCharset: 'utf8',
      limits: {
        fieldSize: limits.fieldBytes.value + 1,
        parts: limits.formParts.value,
        fileSize: maxBytes,
      },
    });
  } catch (error) {
    throw invalid(error);
  }
}

function invalid(cause?: unknown): ZmdetectError {
  return new ZmdetectError('MULTIPART_INVALID', {}, { cause });
}
