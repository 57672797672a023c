/** Reads a request's body within a limit. */
import { ZmdetectError } from '../errors.js';
import { limits } from '../limits.js';
import { ByteCollector } from './byte-collector.js';
import type { Exchange } from './exchange.js';
import type { HeldBytes } from './held-bytes.js';
import { JsonFault, parseJson } from './json.js';
import { missing, notAnObject, notJson } from './validation.js';

export interface BodyLimit {
  readonly bytes: number;
  /** The answer to a longer body; absent: UPLOAD_TOO_LARGE. */
  readonly refusal?: ZmdetectError | undefined;
  /** Where its bytes count. */
  readonly held: HeldBytes;
}

/** The length that the headers declare; 0 where they declare none. */
export function declaredLength({ request }: Exchange): number {
  return Number(request.headers['content-length'] ?? 0);
}

/**
 * Hands every piece of the body to `take` and resolves at its end. Rejects with the limit's refusal beyond its bytes, and
 * with QUEUE_BYTES_FULL beyond what all requests may hold, before a byte is read where the length is declared; with
 * the signal's reason when that is aborted; and with whatever `take` throws. To be called before anything is awaited,
 * since the first piece may come at once.
 */
export function receive(exchange: Exchange, limit: BodyLimit, take: (chunk: Buffer) => void): Promise<void> {
  const { request, signal } = exchange;
  const { held } = limit;
  return new Promise((resolve, reject) => {
    const refuseBeyond = (bytes: number) => {
      if (bytes > limit.bytes) throw limit.refusal ?? new ZmdetectError('UPLOAD_TOO_LARGE', { limit: limit.bytes });
    };
    const declared = declaredLength(exchange);
    refuseBeyond(declared);
    held.check(declared);
    const settle = (settled: () => void) => {
      request.body.listen(undefined);
      signal.removeEventListener('abort', onAbort);
      settled();
    };
    const onAbort = () => settle(() => reject(signal.reason));
    signal.throwIfAborted();
    signal.addEventListener('abort', onAbort);
    let received = 0;
    request.body.listen((chunk, isLast) => {
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

/** The whole body as one buffer. */
export async function readBytes(exchange: Exchange, limit: BodyLimit): Promise<Buffer> {
  const collected = new ByteCollector(declaredLength(exchange));
  await receive(exchange, limit, (chunk) => collected.add(chunk));
  return collected.bytes;
}

/** For whom a JSON body is read. */
export interface JsonReader {
  /** Whether the sender may use the server: a stranger's body is read only as far as contract 2.1 asks. */
  readonly isTrusted: boolean;
  /** The answer to a stranger's body that is longer; absent: UPLOAD_TOO_LARGE. */
  readonly refusal?: ZmdetectError | undefined;
  /** The body holds a password: an answer repeats no text of it. */
  readonly isSecret?: boolean;
}

/**
 * The body of a JSON route: an object. Errors are upstream's 422 answers; a body that says it is something else than
 * JSON is taken as one string, as upstream's framework does.
 */
export async function readJsonObject(
  exchange: Exchange,
  { isTrusted, refusal, isSecret = false }: JsonReader,
): Promise<Record<string, unknown>> {
  const limit: BodyLimit = isTrusted
    ? { bytes: limits.jsonBytes.value, held: exchange.held }
    : { bytes: limits.jsonBytesWithoutToken.value, refusal, held: exchange.heldWithoutToken };
  const text = new TextDecoder().decode(await readBytes(exchange, limit));
  if (text === '') throw missing();
  const type = (exchange.request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  if (!/^application\/([\w.-]+\+)?json$/.test(type)) throw notAnObject(text, isSecret);
  const value = parsed(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw notAnObject(value, isSecret);
  return value as Record<string, unknown>;
}

function parsed(text: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    throw error instanceof JsonFault ? notJson(error.offset, error.message) : error;
  }
}
