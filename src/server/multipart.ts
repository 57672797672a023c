/** Reads a multipart form: small text fields, and one kind of file part kept in memory. */
import busboy from 'busboy';

import { ZmdetectError } from '../errors.js';
import { limitedBody } from './body.js';
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
  const body = limitedBody(exchange, maxBytes);
  const fields = new Map<string, string>();
  const files = new Map<string, Buffer>();

  return await new Promise<Form>((resolve, reject) => {
    const fail = (error: Error) => {
      body.unpipe(parser);
      body.resume();
      reject(error instanceof ZmdetectError ? error : new ZmdetectError('MULTIPART_INVALID', {}, { cause: error }));
    };
    let parser: busboy.Busboy;
    try {
      parser = busboy({
        headers: exchange.request.headers,
        defParamCharset: 'utf8',
        limits: { fieldSize: maxFieldBytes + 1, parts: maxParts, fileSize: maxBytes },
      });
    } catch (error) {
      reject(new ZmdetectError('MULTIPART_INVALID', {}, { cause: error }));
      return;
    }
    parser.on('field', (name, value, info) => {
      if (info.valueTruncated || Buffer.byteLength(value) > maxFieldBytes) fail(new ZmdetectError('PART_TOO_LARGE'));
      else fields.set(name, value);
    });
    parser.on('file', (name, stream) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => files.set(name, chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)));
      stream.on('error', fail);
    });
    parser.on('partsLimit', () => fail(new ZmdetectError('MULTIPART_INVALID')));
    parser.on('error', (error) => fail(error instanceof Error ? error : new Error(String(error))));
    parser.on('close', () => resolve({ fields, files }));
    body.on('error', fail);
    body.pipe(parser);
  });
}
