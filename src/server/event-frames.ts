/** The frames of one `/detect_urls` request: fetched, decoded and looked at side by side, handed out in order. */
import type { FrameResult } from '../detection/detection.js';
import { ZmdetectError } from '../errors.js';
import type { FrameFetcher } from '../frames/fetcher.js';
import type { FetchOutcome } from '../frames/outcome.js';
import { retryMissing } from '../frames/retry.js';
import { Slots } from '../frames/slots.js';
import { mapFrames } from '../frames/window.js';
import type { Admission, EventPlace } from '../pipeline/admission.js';
import type { FrameAnalyser } from '../pipeline/analyser.js';
import { note } from '../pipeline/observer.js';
import type { Urgency } from '../pipeline/urgency.js';
import type { Exchange } from './exchange.js';
import type { FrameEntry, UrlsRequest } from './urls-request.js';

export interface FrameParts {
  readonly analyser: FrameAnalyser;
  readonly fetcher: FrameFetcher;
  readonly admission: Admission;
  readonly place: EventPlace;
  readonly urgency: Urgency;
  /** Frames fetched at once. */
  readonly concurrency: number;
}

/** How the fetch of a frame went, and its raw detections when it could be decoded. */
export interface Looked {
  readonly outcome: FetchOutcome;
  readonly frame: FrameResult | null;
}

/** A fetched frame and its entry in the request. */
interface Fetched {
  readonly entry: FrameEntry;
  readonly outcome: FetchOutcome;
}

export class EventFrames {
  readonly #request: UrlsRequest;
  readonly #exchange: Exchange;
  readonly #parts: FrameParts;
  readonly #fetching: Slots;
  #waiting = 0;

  constructor(request: UrlsRequest, exchange: Exchange, parts: FrameParts) {
    this.#request = request;
    this.#exchange = exchange;
    this.#parts = parts;
    this.#fetching = new Slots(parts.concurrency);
  }

  /** Frames that were fetched and not looked at so far. */
  get waiting(): number {
    return this.#waiting;
  }

  /**
   * While some frames are being fetched, those that are there are decoded and looked at, up to four times as many as are
   * fetched at once. A request that stops at a match has its frames looked at one after the other: the next is only
   * fetched meanwhile, so no model runs in vain.
   */
  async *inOrder(signal: AbortSignal): AsyncGenerator<Looked, void, undefined> {
    const { entries, stopOnMatch } = this.#request;
    const { concurrency } = this.#parts;
    if (stopOnMatch) {
      const ahead = Math.min(2, concurrency);
      const fetch = (entry: FrameEntry, stop: AbortSignal) => this.#fetch(entry, stop);
      for await (const fetched of mapFrames(entries, fetch, { concurrency: ahead, window: ahead, signal })) {
        yield await this.#look(fetched, signal);
      }
      return;
    }
    const ahead = concurrency === 1 ? 1 : 4 * concurrency;
    const work = async (entry: FrameEntry, stop: AbortSignal) => this.#look(await this.#fetch(entry, stop), stop);
    yield* mapFrames(entries, work, { concurrency: ahead, window: ahead, signal });
  }

  /** A frame that is asked for again later leaves its place to others meanwhile. */
  async #fetch(entry: FrameEntry, signal: AbortSignal): Promise<Fetched> {
    const { zmAuth, verifySsl } = this.#request;
    const { fetcher, admission, place } = this.#parts;
    const fetchOnce = (stop: AbortSignal) =>
      this.#fetching.run(async () => {
        await admission.bytes.room(stop);
        return await fetcher.fetchFrame({ url: entry.url, zmAuth, verifySsl }, stop);
      });
    const outcome = await retryMissing(fetchOnce, this.#request, signal);
    place.came();
    if (outcome.ok) {
      this.#waiting += 1;
      this.#exchange.held.add(outcome.bytes.length);
      note(this.#exchange, 'fetch', outcome.milliseconds);
    }
    return { entry, outcome };
  }

  async #look({ entry: { frameId }, outcome }: Fetched, signal: AbortSignal): Promise<Looked> {
    const { log, held } = this.#exchange;
    const { analyser, urgency } = this.#parts;
    if (!outcome.ok) {
      log.warn({ frame_id: frameId, kind: outcome.kind, reason: outcome.reason }, 'frame skipped');
      return { outcome, frame: null };
    }
    try {
      const { detections, size } = await analyser.analyse(outcome.bytes, { ...this.#exchange, signal, urgency });
      this.#waiting -= 1;
      const wanted = detections.filter(this.#request.wants);
      return { outcome, frame: { frameId, detections: wanted, errorBoxes: [], size } };
    } catch (error) {
      if (!(error instanceof ZmdetectError) || !error.code.startsWith('IMAGE_')) throw error;
      this.#waiting -= 1;
      // ZoneMinder answers an expired session with a login page and status 200.
      const reason = String(error.params.reason ?? error.message);
      log.warn({ frame_id: frameId, url: outcome.finalUrl, kind: error.code, reason }, 'frame skipped');
      return { outcome, frame: null };
    } finally {
      held.give(outcome.bytes.length);
    }
  }
}
