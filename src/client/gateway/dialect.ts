/** What a server of any generation is asked for: the detections of one frame, uploaded or fetched by the server. */
import type { Size } from '../../detection/detection.js';
import type { FetchFailure, FetchFailureKind } from '../../frames/outcome.js';
import { redactUrl, redactUrlsIn } from '../../frames/url.js';
import type { Analysis } from '../../pipeline/selector.js';
import type { Body } from './body.js';

/** A frame that the server is to fetch. */
export interface FrameAddress {
  /** Without credentials. */
  readonly url: string;
  /** Query fragment that the server appends; empty for none. A secret. */
  readonly zmAuth: string;
  readonly verifySsl: boolean;
  /** The frame's size, for servers that do not say. */
  size(): Promise<Size>;
}

/** The JSON of a route of the server. */
export type Post = (route: string, body: Body, signal: AbortSignal) => Promise<unknown>;

export type Looked = { readonly ok: true; readonly analysis: Analysis } | FetchFailure;

/**
 * Analyses carry the models' own filters and the detector's, not zones. Errors: IMAGE_*, GATEWAY_*, PATTERN_INVALID; the
 * signal's reason when it is aborted.
 */
export interface Dialect {
  upload(bytes: Buffer, signal: AbortSignal): Promise<Analysis>;
  byUrl(frame: FrameAddress, signal: AbortSignal): Promise<Looked>;
}

/**
 * A frame that the server did not get. `said` is its reason, which may quote the URL with its credentials; undefined: it
 * gave none, and the frame may not have been written yet.
 */
export function notFetched(frame: FrameAddress, said: string | undefined): FetchFailure {
  const words = said?.replace(/^fetch failed: (https?:\S+: )?/, '');
  const told = words ?? 'the server could not fetch or decode it; its log says why';
  const reason = `${redactUrl(frame.url)}: ${withoutCredentials(told, frame.zmAuth)}`;
  if (words === undefined) return { ok: false, kind: 'status', status: 404, reason };
  const status = /\bstatus (\d{3})\b|\b(\d{3}) (?:Client|Server) Error/.exec(words);
  if (status !== null) return { ok: false, kind: 'status', status: Number(status[1] ?? status[2]), reason };
  return { ok: false, kind: kindsByWords.find(([pattern]) => pattern.test(words))?.[1] ?? 'network', reason };
}

/** What the sentences of zmdetectd stand for. */
const kindsByWords: ReadonlyArray<readonly [RegExp, FetchFailureKind]> = [
  [/could not decode/, 'undecodable'],
  [/answer is empty/, 'empty'],
  [/broke off/, 'cut'],
  [/is a stream/, 'stream'],
  [/larger than allowed/, 'too-large'],
  [/did not end in time/, 'too-slow'],
];

/** A server's sentence without the credentials that were sent to it. */
export function withoutCredentials(said: string, zmAuth: string): string {
  const values = zmAuth.split(/[&=]/).filter((part) => part.length > 3);
  return values.reduce((text, value) => text.replaceAll(value, '***'), redactUrlsIn(said)).slice(0, 300);
}
