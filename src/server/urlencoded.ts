/** Reads a form of small text fields in the encoding of a URL's query. */
import { receive } from './body.js';
import type { Exchange } from './exchange.js';
import type { Form } from './multipart.js';

/** URLs and credentials come nowhere near it. */
const maxBytes = 1024 * 1024;

export function isUrlencoded(exchange: Exchange): boolean {
  return /^application\/x-www-form-urlencoded\s*(;|$)/i.test(exchange.request.headers['content-type'] ?? '');
}

/** The last one wins where a name comes twice. Errors: UPLOAD_TOO_LARGE, CANCELLED. */
export async function readUrlencoded(exchange: Exchange): Promise<Form> {
  const chunks: Buffer[] = [];
  await receive(exchange, maxBytes, (chunk) => chunks.push(chunk));
  const text = new TextDecoder().decode(Buffer.concat(chunks));
  return { fields: new Map(new URLSearchParams(text)), files: new Map() };
}
