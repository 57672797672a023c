/** The frames of one `/detect_urls` request: fetched, decoded and looked at side by side, handed out in order. */
import type { FrameResult } from '../detection/detection.js';
import { ZmdetectError } from '../errors.js';
import type { FrameFetcher } from '../frames/fetcher.js';
import { type FetchOutcome, noPicture } from '../frames/outcome.js';
import { Attempts } from '../frames/retry.js';
import { Slots } from '../frames/slots.js';
import { mapFrames } from '../frames/window.js';
import type { Admission, EventPlace } from '../pipeline/admission.js';
import type { FrameAnalyser } from '../pipeline/analyser.js';
import { limits } from '../limits.js';
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
  /** The client is on this host. */
  readonly isLocal: boolean;
}

/** How the fetch of a frame went, and its raw detections when it could be decoded. */
export interface Looked {
  readonly outcome: FetchOutcome;
  readonly frame: FrameResult | null;
}

/** A frame on its way: asked for, and perhaps to be asked for again. */
interface Fetched {
  readonly entry: FrameEntry;
  readonly attempts: Attempts;
  readonly outcome: FetchOutcome;
}

export class EventFrames {
  readonly #request: UrlsRequest;
  readonly #exchange: Exchange;
  readonly #parts: FrameParts;
  readonly #fetching: Slots;
  #waiting = 0;
  /** Fetches that the request has left. */
  #left = limits.frameFetches.value;

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
      const fetch = (entry: FrameEntry, stop: AbortSignal) => this.#begin(entry, stop);
      for await (const fetched of mapFrames(entries, fetch, { concurrency: ahead, window: ahead, signal })) {
        yield await this.#settle(fetched, signal);
      }
      return;
    }
    const ahead = concurrency === 1 ? 1 : 4 * concurrency;
    const work = async (entry: FrameEntry, stop: AbortSignal) => this.#settle(await this.#begin(entry, stop), stop);
    yield* mapFrames(entries, work, { concurrency: ahead, window: ahead, signal });
  }

  async #begin(entry: FrameEntry, signal: AbortSignal): Promise<Fetched> {
    const fetched = await this.#fetch(entry, new Attempts(this.#request), signal);
    this.#parts.place.came();
    return fetched;
  }

  /** A frame that is asked for again later leaves its place to others meanwhile. */
  async #fetch(entry: FrameEntry, attempts: Attempts, signal: AbortSignal): Promise<Fetched> {
    let outcome = await this.#fetchOnce(entry, signal);
    while (this.#left > 0 && (await attempts.another(outcome, signal))) {
      outcome = await this.#fetchOnce(entry, signal);
    }
    if (outcome.ok) {
      this.#waiting += 1;
      this.#exchange.held.add(outcome.bytes.length);
      note(this.#exchange, 'fetch', outcome.milliseconds);
    }
    return { entry, attempts, outcome };
  }

  #fetchOnce({ url }: FrameEntry, signal: AbortSignal): Promise<FetchOutcome> {
    const { zmAuth, verifySsl } = this.#request;
    const { fetcher, admission, isLocal } = this.#parts;
    this.#left -= 1;
    return this.#fetching.run(async () => {
      await admission.bytes.room(signal);
      return await fetcher.fetchFrame({ url, zmAuth, verifySsl, isLocal }, signal);
    });
  }

  /** Looks at a frame; one that turns out to be cut, or no picture at all, is asked for again. */
  async #settle(fetched: Fetched, signal: AbortSignal): Promise<Looked> {
    const { entry, attempts } = fetched;
    let looked = await this.#look(fetched, signal);
    while (this.#left > 0 && (await attempts.another(looked.outcome, signal))) {
      looked = await this.#look(await this.#fetch(entry, attempts, signal), signal);
    }
    const { outcome } = looked;
    if (!outcome.ok) {
      const { kind, reason } = outcome;
      this.#exchange.log.warn({ frame_id: entry.frameId.slice(0, longestShown), kind, reason }, 'frame skipped');
    }
    return looked;
  }

  async #look({ entry: { frameId }, outcome }: Fetched, signal: AbortSignal): Promise<Looked> {
    const { held } = this.#exchange;
    const { analyser, urgency } = this.#parts;
    if (!outcome.ok) return { outcome, frame: null };
    try {
      const { detections, size } = await analyser.analyse(outcome.bytes, { ...this.#exchange, signal, urgency });
      this.#waiting -= 1;
      const wanted = detections.filter(this.#request.wants);
      return { outcome, frame: { frameId, detections: wanted, errorBoxes: [], size } };
    } catch (error) {
      if (!(error instanceof ZmdetectError) || !error.code.startsWith('IMAGE_')) throw error;
      this.#waiting -= 1;
      return { outcome: noPicture(error, outcome.finalUrl), frame: null };
    } finally {
      held.give(outcome.bytes.length);
    }
  }
}

const longestShown = 100;
