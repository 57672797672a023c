/** What a server of any generation is asked for: the detections of one frame, uploaded or fetched by the server. */
import type { Size } from '../../detection/detection.js';
import type { FetchFailure } from '../../frames/outcome.js';
import { redactUrl } from '../../frames/url.js';
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
  const isMissing = said === undefined || /^fetch failed: 404 Client Error|the answer is status 404$/.test(said);
  const words = said ?? 'the server could not fetch or decode it; its log says why';
  const reason = `${redactUrl(frame.url)}: ${withoutCredentials(words, frame.zmAuth)}`;
  return isMissing ? { ok: false, kind: 'status', status: 404, reason } : { ok: false, kind: 'network', reason };
}

/** A server's sentence without the credentials that were sent to it. */
export function withoutCredentials(said: string, zmAuth: string): string {
  const values = zmAuth.split(/[&=]/).filter((part) => part.length > 3);
  return values
    .reduce((text, value) => text.replaceAll(value, '***'), said)
    .replace(/\?\S*/g, '?***')
    .slice(0, 300);
}
