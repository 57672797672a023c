/** Reads a form of small text fields in the encoding of a URL's query. */
import { ZmdetectError } from '../errors.js';
import { limits } from '../limits.js';
import { readBytes } from './body.js';
import type { Exchange } from './exchange.js';
import type { Form } from './multipart.js';

export function isUrlencoded(exchange: Exchange): boolean {
  return /^application\/x-www-form-urlencoded\s*(;|$)/i.test(exchange.request.headers['content-type'] ?? '');
}

/** The last one wins where a name comes twice. Errors: UPLOAD_TOO_LARGE, OPTION_INVALID, CANCELLED. */
export async function readUrlencoded(exchange: Exchange): Promise<Form> {
  const { held } = exchange;
  const text = new TextDecoder().decode(await readBytes(exchange, { bytes: limits.urlencodedBytes.value, held }));
  const fields = count(text, '&') + 1;
  const most = limits.urlencodedFields.value;
  if (fields > most) {
    throw new ZmdetectError('OPTION_INVALID', { name: 'the form', expected: `at most ${most} fields`, value: fields });
  }
  return { fields: new Map(new URLSearchParams(text)), files: new Map() };
}

function count(text: string, mark: string): number {
  let found = 0;
  for (let at = text.indexOf(mark); at >= 0; at = text.indexOf(mark, at + 1)) found += 1;
  return found;
}
