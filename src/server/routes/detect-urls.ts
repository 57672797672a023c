import type { FrameResult } from '../../detection/detection.js';
import { chooseFrame } from '../../detection/strategy.js';
import { urlsReply as urlsReplyJson } from '../../detection/wire.js';
import { ZmdetectError } from '../../errors.js';
import type { FrameFetcher } from '../../frames/fetcher.js';
import { MissCounter } from '../../frames/retry.js';
import type { Admission } from '../../pipeline/admission.js';
import type { FrameAnalyser } from '../../pipeline/analyser.js';
import { busyErrors, engineErrors, jsonType } from '../api/operation.js';
import { urlsReply } from '../api/replies.js';
import { readJsonObject } from '../body.js';
import { isFromThisHost } from '../client-host.js';
import { EventFrames } from '../event-frames.js';
import type { Exchange, Route } from '../exchange.js';
import { deadlinesOf, type TimeLimits } from '../time-limits.js';
import type { TokenAuthority } from '../tokens.js';
import { parseUrlsRequest, type UrlsRequest, urlsBody } from '../urls-request.js';

/** The parts of the daemon that the route works with. */
export interface UrlsParts {
  readonly analyser: FrameAnalyser;
  readonly fetcher: FrameFetcher;
  readonly admission: Admission;
  readonly tokens: TokenAuthority;
  readonly limits: TimeLimits;
  /** Frames of one request fetched at once; 1: one frame after the other, looked at before the next is fetched. */
  readonly concurrency: number;
}

/**
 * Fetches frames by URL and answers for every client generation at once (wire generations, 10.4): the best frame after
 * zones at the top, every frame before zones in `results`.
 */
export function detectUrlsRoute(parts: UrlsParts): Route {
  const { analyser, admission, tokens, limits } = parts;
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
        ...busyErrors,
      ],
      validates: true,
    },
    async handle(exchange) {
      const isLocal = isFromThisHost(exchange.request);
      // Malformed JSON is told before a missing token (contract 2.1), but only what is short is read without one.
      const refusal = tokens.refusal(exchange.request.headers.authorization);
      const body = await readJsonObject(exchange, { isTrusted: refusal === undefined, refusal });
      if (refusal !== undefined) throw refusal;
      const { admission: deadline, end } = deadlinesOf(exchange, limits, 'urls');
      const request = parseUrlsRequest(body);
      admission.check(analyser.models, { priority: 'bulk', deadline }, request.entries.length);
      const { raw, zoned } = await lookAtAll(request, exchange, { ...parts, isLocal }, end);
      return { status: 200, body: urlsReplyJson(chooseFrame(analyser.config.frameStrategy, zoned), raw) };
    },
  };
}

/** Every frame, in order, until the request says that it is enough or its time is over. */
async function lookAtAll(
  request: UrlsRequest,
  exchange: Exchange,
  parts: UrlsParts & { readonly isLocal: boolean },
  end: number,
): Promise<{ raw: FrameResult[]; zoned: FrameResult[] }> {
  const { analyser, admission } = parts;
  const timeout = AbortSignal.timeout(Math.max(0, Math.ceil(end - performance.now())));
  const signal = AbortSignal.any([exchange.signal, timeout]);
  const misses = new MissCounter(request.contigFramesBeforeError);
  const raw: FrameResult[] = [];
  const zoned: FrameResult[] = [];
  let decided = 0;
  const place = admission.expect(analyser.models, request.entries.length);
  const frames = new EventFrames(request, exchange, { ...parts, place, urgency: { priority: 'bulk', deadline: end } });
  try {
    for await (const { outcome, frame } of frames.inOrder(signal)) {
      decided += 1;
      if (frame !== null) {
        const { all, kept, errorBoxes } = await analyser.select(frame.detections, request.zones, exchange.log);
        raw.push({ ...frame, detections: all });
        zoned.push({ ...frame, detections: kept, errorBoxes });
        if (request.stopOnMatch && kept.length > 0) break;
      }
      if (misses.isEnough(outcome)) break;
    }
  } catch (error) {
    const isOver = timeout.aborted || (error instanceof ZmdetectError && error.code === 'DEADLINE_EXCEEDED');
    if (!isOver || exchange.signal.aborted) throw error;
    // Nothing was looked at, and not because the frames are missing: an empty answer would say that there is nothing.
    if (raw.length === 0 && (decided === 0 || frames.waiting > 0)) throw tooLate(error);
    const share = `${raw.length} of ${request.entries.length} frames`;
    exchange.log.warn(`the time for one request is over: answered with ${share}`);
  } finally {
    place.end();
  }
  return { raw, zoned };
}

function tooLate(cause: unknown): ZmdetectError {
  const reason = 'Too busy: the deadline passed before a frame was looked at';
  return new ZmdetectError('DEADLINE_EXCEEDED', { reason }, { cause });
}
