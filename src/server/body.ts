/** Reads a request's body within a limit. */
import { ZmdetectError } from '../errors.js';
import { limits } from '../limits.js';
import type { Exchange } from './exchange.js';
import { JsonFault, parseJson } from './json.js';
import { missing, notAnObject, notJson } from './validation.js';

/**
 * Hands every piece of the body to `take` and resolves at its end. Rejects with UPLOAD_TOO_LARGE beyond `limit` bytes
 * and with QUEUE_BYTES_FULL beyond what all requests may hold, before a byte is read where the length is declared; with
 * the signal's reason when that is aborted; and with whatever `take` throws. To be called before anything is awaited,
 * since the first piece comes at once.
 */
export function receive(
  { request, body, signal, held }: Exchange,
  limit: number,
  take: (chunk: Buffer) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const refuseBeyond = (bytes: number) => {
      if (bytes > limit) throw new ZmdetectError('UPLOAD_TOO_LARGE', { limit });
    };
    const declared = Number(request.headers['content-length'] ?? 0);
    refuseBeyond(declared);
    held.check(declared);
    const settle = (settled: () => void) => {
      body.listen(undefined);
      signal.removeEventListener('abort', onAbort);
      settled();
    };
    const onAbort = () => settle(() => reject(signal.reason));
    signal.throwIfAborted();
    signal.addEventListener('abort', onAbort);
    let received = 0;
    body.listen((chunk, isLast) => {
      try {
        received += chunk.length;
        refuseBeyond(received);
        held.take(chunk.length);
        take(chunk);
        if (isLast) settle(resolve);
      } catch (error) {
        settle(() => reject(error));
      }
    });
  });
}

/**
 * The body of a JSON route: an object. Errors are upstream's 422 answers; a body that says it is something else than
 * JSON is taken as one string, as upstream's framework does.
 */
export async function readJsonObject(exchange: Exchange): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  await receive(exchange, limits.jsonBytes.value, (chunk) => chunks.push(chunk));
  const text = new TextDecoder().decode(Buffer.concat(chunks));
  if (text === '') throw missing();
  const type = (exchange.request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  if (!/^application\/([\w.-]+\+)?json$/.test(type)) throw notAnObject(text);
  const value = parsed(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw notAnObject(value);
  return value as Record<string, unknown>;
}

function parsed(text: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    throw error instanceof JsonFault ? notJson(error.offset, error.message) : error;
  }
}
