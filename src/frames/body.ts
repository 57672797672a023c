/** Reads an answer's body into memory, never more of it than allowed. */
import { pipeline, type Readable } from 'node:stream';
import { createUnzip } from 'node:zlib';

import { FetchFailed } from './outcome.js';

/** The encodings that `readBody` undoes, as an Accept-Encoding header. */
export const acceptedEncodings = 'gzip, deflate';

export interface BodyHeaders {
  /** Content-Length, in bytes on the wire; NaN or undefined where the answer does not say. */
  readonly length: number | undefined;
  /** Content-Encoding; empty or `identity` for none. */
  readonly encoding: string;
}

/**
 * The whole body, decompressed. `maxBytes` holds for the declared length, for the bytes on the wire and for the bytes
 * after decompression, each checked before more is read; the stream is destroyed as soon as one is passed.
 *
 * Throws `FetchFailed` of kind `too-large`, `empty` or `undecodable` (unknown encoding), and the stream's own error.
 */
export async function readBody(body: Readable, headers: BodyHeaders, maxBytes: number): Promise<Buffer> {
  // A body that is given up emits an error of its own, with nobody left to hear it.
  body.on('error', ignore);
  if (headers.length !== undefined && headers.length > maxBytes) {
    body.destroy();
    throw tooLarge(maxBytes);
  }
  const chunks: Buffer[] = [];
  for await (const chunk of limited(decoded(body, headers.encoding, maxBytes), maxBytes)) chunks.push(chunk);
  if (chunks.length === 0) throw new FetchFailed('empty', 'the answer is empty');
  return Buffer.concat(chunks);
}

function decoded(body: Readable, encoding: string, maxBytes: number): AsyncIterable<Buffer> {
  switch (encoding.trim().toLowerCase()) {
    case '':
    case 'identity':
      return body;
    case 'gzip':
    case 'x-gzip':
    case 'deflate':
      // The wire is counted as well: a stream can go on for ever and decompress to nothing.
      return pipeline(body, (source: AsyncIterable<Buffer>) => limited(source, maxBytes), createUnzip(), ignore);
    default:
      body.destroy();
      throw new FetchFailed('undecodable', `the answer has an encoding other than ${acceptedEncodings}`);
  }
}

/** Passes the chunks on until they hold more than `maxBytes` together, then throws. */
async function* limited(chunks: AsyncIterable<Buffer>, maxBytes: number): AsyncGenerator<Buffer, void, undefined> {
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw tooLarge(maxBytes);
    if (chunk.length > 0) yield chunk;
  }
}

function tooLarge(maxBytes: number): FetchFailed {
  return new FetchFailed('too-large', `the answer is larger than the ${maxBytes} bytes allowed`);
}

function ignore(): void {}
