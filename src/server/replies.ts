/** Turns what a route threw into an answer, by the error table. */
import { ZmdetectError } from '../errors.js';
import type { Reply } from './exchange.js';
import { InvalidBody } from './validation.js';

export function errorReply(error: unknown): Reply {
  if (error instanceof InvalidBody) return { status: 422, body: { detail: error.detail } };
  if (error instanceof ZmdetectError && error.code !== 'INTERNAL') {
    return {
      status: error.status,
      body: { detail: error.message },
      headers: {
        'x-error-code': error.code,
        ...(error.retryAfter === undefined ? {} : { 'retry-after': String(error.retryAfter) }),
        ...(error.code === 'NOT_AUTHENTICATED' ? { 'www-authenticate': 'Bearer' } : {}),
      },
    };
  }
  return { status: 500, body: 'Internal Server Error', headers: { 'content-type': 'text/plain; charset=utf-8' } };
}
