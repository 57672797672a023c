/** Reads a multipart form: small text fields, and one kind of file part kept in memory. */
import busboy from 'busboy';

import { ZmdetectError } from '../errors.js';
import { receive } from './body.js';
import type { Exchange } from './exchange.js';

/** Of a part that is no file; upstream's own limit. */
const maxFieldBytes = 1024 * 1024;
const maxParts = 1000;

export interface Form {
  /** The last one wins where a name comes twice. */
  readonly fields: ReadonlyMap<string, string>;
  readonly files: ReadonlyMap<string, Buffer>;
}

const noForm: Form = { fields: new Map(), files: new Map() };

/**
 * Reads the whole form. A body of another content type has no parts.
 * Errors: MULTIPART_NO_BOUNDARY, MULTIPART_INVALID, PART_TOO_LARGE, UPLOAD_TOO_LARGE, CANCELLED.
 */
export async function readForm(exchange: Exchange, maxBytes: number): Promise<Form> {
  const type = exchange.request.headers['content-type'] ?? '';
  if (!/^multipart\/form-data/i.test(type)) return noForm;
  if (!/boundary=/i.test(type)) throw new ZmdetectError('MULTIPART_NO_BOUNDARY');
  const fields = new Map<string, string>();
  const files = new Map<string, Buffer>();
  const parser = parserOf(exchange, maxBytes);
  const parsed = new Promise<void>((resolve, reject) => {
    parser.on('field', (name, value, info) => {
      if (info.valueTruncated || Buffer.byteLength(value) > maxFieldBytes) reject(new ZmdetectError('PART_TOO_LARGE'));
      else fields.set(name, value);
    });
    parser.on('file', (name, stream) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => files.set(name, chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)));
      stream.on('error', (error) => reject(invalid(error)));
    });
    parser.on('partsLimit', () => reject(invalid()));
    parser.on('error', (error) => reject(invalid(error)));
    parser.on('close', resolve);
  });
  // What is in the form is kept in memory anyway, so nothing is gained by making the sender wait for the parser.
  const received = receive(exchange, maxBytes, (chunk) => void parser.write(chunk)).then(() => void parser.end());
  // Whichever fails first ends the reading; the other's failure says nothing new.
  await Promise.all([parsed, received]);
  return { fields, files };
}

function parserOf(exchange: Exchange, maxBytes: number): busboy.Busboy {
  try {
    return busboy({
      headers: exchange.request.headers,
      defParamCharset: 'utf8',
      limits: { fieldSize: maxFieldBytes + 1, parts: maxParts, fileSize: maxBytes },
    });
  } catch (error) {
    throw invalid(error);
  }
}

function invalid(cause?: unknown): ZmdetectError {
  return new ZmdetectError('MULTIPART_INVALID', {}, { cause });
}
