import type { Detection } from '../../detection/detection.js';
import type { InferReplyJson } from '../../detection/wire.js';
import type { Engine } from '../../engine/engine.js';
import { ZmdetectError } from '../../errors.js';
import type { FrameRequest } from '../../frames/fetcher.js';
import { type FetchFailure, noPicture, publicReason } from '../../frames/outcome.js';
import type { RegisteredModel } from '../../models/registry.js';
import { findModel, type ModelSet } from '../../models/served.js';
import type { Admission } from '../../pipeline/admission.js';
import type { FrameCache } from '../../pipeline/frame-cache.js';
import { note } from '../../pipeline/observer.js';
import { look, withPicture } from '../../pipeline/picture.js';
import type { Urgency } from '../../pipeline/urgency.js';
import {
  busyErrors,
  engineErrors,
  formErrors,
  imageErrors,
  jsonType,
  multipartType,
  urlencodedType,
} from '../api/operation.js';
import { inferReply } from '../api/replies.js';
import { isFromThisHost } from '../client-host.js';
import type { Exchange, Route } from '../exchange.js';
import { inferFields, inferForm, type InferRequest, parseInferRequest } from '../infer-request.js';
import { readForm } from '../multipart.js';
import { type Deadlines, deadlinesOf, type TimeLimits } from '../time-limits.js';
import type { TokenAuthority } from '../tokens.js';
import { isUrlencoded, readUrlencoded } from '../urlencoded.js';

/** The parts of the daemon that the route works with. */
export interface InferParts {
  readonly engine: Engine;
  readonly models: ModelSet;
  readonly frames: FrameCache;
  readonly admission: Admission;
  readonly tokens: TokenAuthority;
  readonly limits: TimeLimits;
  readonly maxUploadBytes: number;
}

const partNames = Object.keys(inferForm.shape);

interface Asked extends Deadlines {
  readonly request: InferRequest;
  readonly model: RegisteredModel | undefined;
}

/** Thrown for what the wire contract answers with 200 and `error`: the message for the client, `reason` for the log. */
class NotAsked extends Error {
  readonly reason: string;
  constructor(message: string, reason = message) {
    super(message);
    this.reason = reason;
  }
}

/**
 * One model, one frame, nothing but threshold and NMS (wire generations, 6). What this server does not have or cannot
 * find is a 200 with `error`; a model that it has and that cannot run now is a 503, because only a status makes clients
 * fall back (10.5, rule 14).
 */
export function inferRoute(parts: InferParts): Route {
  const { engine, models, frames, admission, tokens, limits, maxUploadBytes } = parts;
  const read = async (exchange: Exchange) => {
    const started = performance.now();
    const isLocal = isFromThisHost(exchange.request);
    const form = await (isUrlencoded(exchange)
      ? readUrlencoded(exchange)
      : readForm(exchange, maxUploadBytes, partNames));
    note(exchange, 'body', performance.now() - started);
    return parseInferRequest(form, isLocal);
  };
  /** The picture comes before the model: an upload that is no picture is told so whatever model it names. */
  const ask = (bytes: Buffer, asked: Asked, exchange: Exchange) => {
    const { request, model, end } = asked;
    const urgency: Urgency = { priority: 'interactive', deadline: end };
    const show = () =>
      withPicture(engine, bytes, { ...exchange, urgency }, (picture) => {
        if (model === undefined) throw new NotAsked(noModel(request, models));
        return look(model, picture, request.minConfidence ?? model.spec.config.minConfidence, exchange);
      });
    if (model === undefined) return admission.run([], urgency, show);
    // A model that is being loaded should find no decoded pictures that keep others waiting.
    return admission.run([model], urgency, () => model.hold(exchange.signal, show));
  };
  const askAbout = async (frame: FrameRequest, asked: Asked, exchange: Exchange) => {
    const { model, admission: by } = asked;
    if (model) admission.check([model], { priority: 'interactive', deadline: by });
    await admission.bytes.room(exchange.signal);
    const outcome = await frames.fetchFrame(frame, exchange.signal);
    if (!outcome.ok) throw notFetched(frame, outcome);
    note(exchange, 'fetch', outcome.milliseconds);
    exchange.held.add(outcome.bytes.length);
    try {
      return await ask(outcome.bytes, asked, exchange);
    } catch (error) {
      if (!(error instanceof ZmdetectError) || !error.code.startsWith('IMAGE_')) throw error;
      frames.forget(frame);
      throw notFetched(frame, noPicture(error, outcome.finalUrl));
    }
  };
  return {
    method: 'POST',
    path: '/infer',
    operation: {
      summary: 'What one model sees in one frame.',
      secured: true,
      body: { [multipartType]: inferForm, [urlencodedType]: inferFields },
      success: { description: 'The detections, or why there are none', type: jsonType, schema: inferReply },
      errors: [...imageErrors, ...formErrors, ...engineErrors, ...busyErrors],
      validates: true,
    },
    async handle(exchange) {
      tokens.check(exchange.request.headers.authorization);
      const deadlines = deadlinesOf(exchange, limits, isUrlencoded(exchange) ? 'urls' : 'upload');
      // Which model is meant stands in the body.
      admission.checkAny(models.active, { priority: 'interactive', deadline: deadlines.admission });
      exchange.expireAt(deadlines.end);
      const request = await read(exchange);
      const { source } = request;
      const asked = { ...deadlines, request, model: findModel(models, request.type, request.name) };
      try {
        const detections =
          'frame' in source ? await askAbout(source.frame, asked, exchange) : await ask(source.bytes, asked, exchange);
        return { status: 200, body: inferReplyJson(detections, null) };
      } catch (error) {
        if (!(error instanceof NotAsked)) throw error;
        exchange.log.warn({ type: request.type, name: request.name, reason: error.reason }, 'model not asked');
        return { status: 200, body: inferReplyJson([], error.message) };
      }
    },
  };
}

function notFetched(frame: FrameRequest, failure: FetchFailure): NotAsked {
  return new NotAsked(`fetch failed: ${publicReason(frame.url, failure)}`, `fetch failed: ${failure.reason}`);
}

function inferReplyJson(detections: readonly Detection[], error: string | null): InferReplyJson {
  return {
    detections: detections.map(({ label, confidence, box, type, modelName }) => ({
      label,
      confidence,
      box,
      type,
      model_name: modelName,
    })),
    error,
  };
}

const mostNames = 20;
const longestShown = 200;

/** Upstream's sentence, and what could have been asked for instead. */
function noModel({ type, name }: InferRequest, { active }: ModelSet): string {
  const published = active.map(({ spec }) => `${pythonText(spec.name)} (${spec.type})`);
  const rest = published.length > mostNames ? ', ...' : '';
  const names = published.slice(0, mostNames).join(', ') + rest;
  const asked = `type=${type.slice(0, longestShown)} name=${pythonText(name.slice(0, longestShown))}`;
  return `no model loaded for ${asked}; this server has ${names || 'none'}`;
}

/** As Python's repr() writes it, which upstream's tests look for. */
function pythonText(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text.replace(/[\\\p{Cc}]/gu, (character) =>
    character === '\\' ? '\\\\' : `\\x${(character.codePointAt(0) ?? 0).toString(16).padStart(2, '0')}`,
  );
  return quote + (quote === "'" ? escaped.replaceAll("'", "\\'") : escaped) + quote;
}
