/** What a request's header section may say, whichever engine read it. */
import { ZmdetectError } from '../../errors.js';
import { limits } from '../../limits.js';

/** A second one would mean something else to another program on the way: which body, which host, which user. */
const onlyOnce = new Set([
  ...['content-length', 'transfer-encoding', 'host', 'authorization', 'content-type', 'expect', 'x-deadline-ms'],
]);

export interface HeaderSection {
  /** Names in lower case; values of a name that may come more than once are joined by a comma. */
  readonly headers: Readonly<Record<string, string>>;
  readonly fault: ZmdetectError | undefined;
}

/** `rows` hold a name and a value each, as they came. */
export function readHeaders(rows: Iterable<readonly [name: string, value: string]>): HeaderSection {
  // Without a prototype: a header called `__proto__` is a header.
  const headers = Object.create(null) as Record<string, string>;
  let fault: ZmdetectError | undefined;
  let count = 0;
  for (const [given, value] of rows) {
    count += 1;
    if (count > limits.headerCount.value) {
      fault ??= new ZmdetectError('HEADERS_TOO_LARGE', { limit: `${limits.headerCount.value} lines` });
      break;
    }
    const name = given.toLowerCase();
    const before = headers[name];
    if (before !== undefined && onlyOnce.has(name)) fault ??= malformed(`two ${name} headers`);
    headers[name] = before === undefined ? value : `${before}, ${value}`;
  }
  return { headers, fault: fault ?? framingFault(headers) };
}

function framingFault(headers: Readonly<Record<string, string>>): ZmdetectError | undefined {
  const coding = headers['transfer-encoding'];
  if (coding !== undefined) {
    if (headers['content-length'] !== undefined) return malformed('both content-length and transfer-encoding');
    if (coding.trim().toLowerCase() !== 'chunked') {
      return new ZmdetectError('TRANSFER_CODING_UNKNOWN', { coding: JSON.stringify(coding.slice(0, 40)) });
    }
  }
  const length = headers['content-length'];
  if (length !== undefined && !/^\d{1,15}$/.test(length)) return malformed('a content-length that is not a number');
  return undefined;
}

export function malformed(reason: string): ZmdetectError {
  return new ZmdetectError('REQUEST_MALFORMED', { reason });
}

export interface Target {
  readonly path: string;
  readonly query: string;
}

/** The path and query of a request target: `/path?query`, or absolute (`http://host/path`), as proxies may send it. */
export function readTarget(target: string): Target | undefined {
  const scheme = /^https?:\/\//i.exec(target)?.[0];
  const authority = scheme === undefined ? 0 : endOfAuthority(target, scheme.length);
  const rest = target.slice(authority);
  const mark = rest.indexOf('?');
  const path = mark < 0 ? rest : rest.slice(0, mark);
  const query = mark < 0 ? '' : rest.slice(mark + 1);
  if (path === '' && scheme !== undefined) return { path: '/', query };
  return path.startsWith('/') || path === '*' ? { path, query } : undefined;
}

function endOfAuthority(target: string, from: number): number {
  const end = target.slice(from).search(/[/?]/);
  return end < 0 ? target.length : from + end;
}
