import type { FrameResult } from '../../detection/detection.js';
import { chooseFrame } from '../../detection/strategy.js';
import { urlsReply as urlsReplyJson } from '../../detection/wire.js';
import { ZmdetectError } from '../../errors.js';
import type { FrameFetcher } from '../../frames/fetcher.js';
import type { FetchOutcome } from '../../frames/outcome.js';
import { MissCounter, retryMissing } from '../../frames/retry.js';
import { mapFrames } from '../../frames/window.js';
import type { FrameAnalyser } from '../../pipeline/analyser.js';
import { engineErrors, jsonType } from '../api/operation.js';
import { urlsReply } from '../api/replies.js';
import { readJsonObject } from '../body.js';
import type { Exchange, Route } from '../exchange.js';
import type { TokenAuthority } from '../tokens.js';
import { type FrameEntry, parseUrlsRequest, type UrlsRequest, urlsBody } from '../urls-request.js';

export interface UrlsOptions {
  readonly concurrency: number;
  /** Most milliseconds for one request; what is there by then is answered. */
  readonly timeoutMs: number;
}

/** One frame's way: how the fetch went, and its raw detections when it could be decoded. */
interface Looked {
  readonly outcome: FetchOutcome;
  readonly frame: FrameResult | null;
}

/**
 * Fetches frames by URL and answers for every client generation at once (wire generations, 10.4): the best frame after
 * zones at the top, every frame before zones in `results`.
 */
export function detectUrlsRoute(
  analyser: FrameAnalyser,
  fetcher: FrameFetcher,
  tokens: TokenAuthority,
  options: UrlsOptions,
): Route {
  return {
    method: 'POST',
    path: '/detect_urls',
    operation: {
      summary: 'What frames hold that the server fetches: the best one, and all of them.',
      secured: true,
      body: { [jsonType]: urlsBody },
      success: { description: 'The detections', type: jsonType, schema: urlsReply },
      errors: [
        ...(['URLS_MISSING', 'URLS_INVALID', 'OPTION_INVALID', 'ZONES_INVALID', 'PATTERN_INVALID'] as const),
        'UPLOAD_TOO_LARGE',
        ...engineErrors,
      ],
      validates: true,
    },
    async handle(exchange) {
      const body = await readJsonObject(exchange);
      tokens.check(exchange.request.headers.authorization);
      const request = parseUrlsRequest(body);
      const { raw, zoned } = await lookAtAll(request, exchange, analyser, fetcher, options);
      return { status: 200, body: urlsReplyJson(chooseFrame(analyser.config.frameStrategy, zoned), raw) };
    },
  };
}

async function lookAtAll(
  request: UrlsRequest,
  exchange: Exchange,
  analyser: FrameAnalyser,
  fetcher: FrameFetcher,
  options: UrlsOptions,
): Promise<{ raw: FrameResult[]; zoned: FrameResult[] }> {
  const deadline = AbortSignal.timeout(options.timeoutMs);
  const signal = AbortSignal.any([exchange.signal, deadline]);
  const misses = new MissCounter(request.contigFramesBeforeError);
  const raw: FrameResult[] = [];
  const zoned: FrameResult[] = [];
  const work = (entry: FrameEntry, stop: AbortSignal) =>
    look(entry, request, { ...exchange, signal: stop }, analyser, fetcher);
  try {
    for await (const { outcome, frame } of mapFrames(request.entries, work, { ...options, signal })) {
      if (frame !== null) {
        const { all, kept, errorBoxes } = await analyser.select(frame.detections, request.zones, exchange.log);
        raw.push({ ...frame, detections: all });
        zoned.push({ ...frame, detections: kept, errorBoxes });
        if (request.stopOnMatch && kept.length > 0) break;
      }
      if (misses.isEnough(outcome)) break;
    }
  } catch (error) {
    if (!deadline.aborted || exchange.signal.aborted) throw error;
    const frames = `${raw.length} of ${request.entries.length} frames`;
    exchange.log.warn({ limit_ms: options.timeoutMs }, `the time for one request is over: answered with ${frames}`);
  }
  return { raw, zoned };
}

async function look(
  { frameId, url }: FrameEntry,
  request: UrlsRequest,
  exchange: Exchange,
  analyser: FrameAnalyser,
  fetcher: FrameFetcher,
): Promise<Looked> {
  const { log, signal, stages } = exchange;
  const { zmAuth, verifySsl } = request;
  const fetchOnce = (stop: AbortSignal) => fetcher.fetchFrame({ url, zmAuth, verifySsl }, stop);
  const outcome = await retryMissing(fetchOnce, request, signal);
  if (!outcome.ok) {
    log.warn({ frame_id: frameId, kind: outcome.kind, reason: outcome.reason }, 'frame skipped');
    return { outcome, frame: null };
  }
  stages.fetch = (stages.fetch ?? 0) + outcome.milliseconds;
  try {
    const { detections, size } = await analyser.analyse(outcome.bytes, exchange);
    return { outcome, frame: { frameId, detections: detections.filter(request.wants), errorBoxes: [], size } };
  } catch (error) {
    if (!(error instanceof ZmdetectError) || !error.code.startsWith('IMAGE_')) throw error;
    // ZoneMinder answers an expired session with a login page and status 200.
    const reason = String(error.params.reason ?? error.message);
    log.warn({ frame_id: frameId, url: outcome.finalUrl, kind: error.code, reason }, 'frame skipped');
    return { outcome, frame: null };
  }
}
