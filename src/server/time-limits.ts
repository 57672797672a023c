/** Until when an answer is of use: what the client says in `X-Deadline-Ms`, or what its kind of request allows. */
import { ZmdetectError } from '../errors.js';
import type { Exchange } from './exchange.js';

export interface TimeLimits {
  /**
   * From a request's first byte to its answer, in milliseconds. Just under the 60 s that clients wait: a refused upload
   * is a detection that nobody notices is missing (wire generations, 7.3).
   */
  readonly requestMs: number;
  /**
   * How far away a request that names URLs and says no deadline may see its answer and still be let in. Its clients wait
   * 60 s, and lose the event where they have no models of their own to fall back on; fetching and asking again, which no
   * queue makes longer, may go on to `requestMs`.
   */
  readonly urlsMs: number;
}

/** On the clock of `performance.now()`. */
export interface Deadlines {
  /** By then the answer must be predicted, or the request is refused. */
  readonly admission: number;
  /** Then the request ends. */
  readonly end: number;
}

const longestMs = 3_600_000;

/** Errors: OPTION_INVALID for an `X-Deadline-Ms` that is no time. */
export function deadlinesOf(exchange: Exchange, { requestMs, urlsMs }: TimeLimits, kind: 'upload' | 'urls'): Deadlines {
  const asked = askedMs(exchange.request.headers['x-deadline-ms']);
  const after = (ms: number) => exchange.arrived + ms;
  if (asked !== undefined) return { admission: after(asked), end: after(asked) };
  return { admission: after(kind === 'urls' ? Math.min(urlsMs, requestMs) : requestMs), end: after(requestMs) };
}

function askedMs(header: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  const ms = /^\d+(\.\d+)?$/.test(header) ? Number(header) : Number.NaN;
  if (ms > 0 && ms <= longestMs) return ms;
  throw new ZmdetectError('OPTION_INVALID', {
    name: 'X-Deadline-Ms',
    expected: `a number of milliseconds above 0 and up to ${longestMs}`,
    value: JSON.stringify(header.slice(0, 60)),
  });
}
