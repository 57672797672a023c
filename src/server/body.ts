/** Reads a request's body within a limit. */
import type { Readable } from 'node:stream';

import { ZmdetectError } from '../errors.js';
import type { Exchange } from './exchange.js';
import { missing, notAnObject, notJson } from './validation.js';

/** No JSON that a client sends comes near it. */
const maxJsonBytes = 4 * 1024 * 1024;

/**
 * The body as a stream that ends with UPLOAD_TOO_LARGE beyond `limit` bytes and with CANCELLED when the client hangs up.
 * A declared length over the limit is refused before a byte is read.
 */
export function limitedBody(exchange: Exchange, limit: number): Readable {
  const { request, signal } = exchange;
  const tooLarge = () => new ZmdetectError('UPLOAD_TOO_LARGE', { limit });
  if (Number(request.headers['content-length']) > limit) throw tooLarge();
  let received = 0;
  request.on('data', (chunk: Buffer) => {
    received += chunk.length;
    if (received > limit) request.destroy(tooLarge());
  });
  const hangUp = () => request.destroy(new ZmdetectError('CANCELLED'));
  signal.addEventListener('abort', hangUp, { once: true });
  request.once('end', () => signal.removeEventListener('abort', hangUp));
  return request;
}

async function readAll(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/**
 * The body of a JSON route: an object. Errors are upstream's 422 answers; a body that says it is something else than
 * JSON is taken as one string, as upstream's framework does.
 */
export async function readJsonObject(exchange: Exchange): Promise<Record<string, unknown>> {
  const text = (await readAll(limitedBody(exchange, maxJsonBytes))).toString('utf8');
  if (text === '') throw missing();
  const type = (exchange.request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  if (!/^application\/([\w.-]+\+)?json$/.test(type)) throw notAnObject(text);
  const value = parseJson(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw notAnObject(value);
  return value as Record<string, unknown>;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const position = /at position (\d+)/.exec(message)?.[1];
    // V8 quotes the body in its message; that part is left out.
    throw notJson(
      position === undefined ? text.length : Number(position),
      message.replace(/,? (in JSON )?(at position|").*$/s, ''),
    );
  }
}
