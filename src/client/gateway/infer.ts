/**
 * Servers that run one model on one frame (`/infer`): the client asks model by model and does all else itself, so that a
 * remote run gives what a local one would.
 */
import { parse } from 'node:path';

import { type DetectorConfig, defaultModelConfig, type ModelConfig } from '../../detection/config.js';
import type { Detection, Size } from '../../detection/detection.js';
import { analyseFrame } from '../../detection/pipeline.js';
import { ZmdetectError } from '../../errors.js';
import type { FetchFailure } from '../../frames/outcome.js';
import type { Log } from '../../log.js';
import type { Analysis } from '../../pipeline/selector.js';
import { orAborted } from '../../or-aborted.js';
import { AnswerFault, type PublishedModel, readInferReply, readModelsReply } from './answers.js';
import { type Body, type Fields, multipartBody, urlencodedBody } from './body.js';
import type { GatewayConnection } from './connection.js';
import { type Dialect, type FrameAddress, type Looked, notFetched, type Post, withoutCredentials } from './dialect.js';

export interface InferParts {
  readonly connection: GatewayConnection;
  readonly post: Post;
  readonly config: DetectorConfig;
  /** null: the server's first model for objects, at its own threshold. */
  readonly models: readonly ModelConfig[] | null;
  readonly log: Log;
  /** Size of an encoded picture. */
  readonly sizeOf: (bytes: Buffer) => Promise<Size>;
}

/** Thrown to end the frame for all models: the server could not fetch it. */
class NotFetched extends Error {
  readonly failure: FetchFailure;
  constructor(failure: FetchFailure) {
    super(failure.reason);
    this.failure = failure;
  }
}

type BodyOf = (fields: Fields) => Body;
type Refusal = (said: string) => Error | undefined;

export class InferDialect implements Dialect {
  readonly #parts: InferParts;
  /** Models that were told of once. */
  readonly #told = new Set<string>();
  /** What the server publishes; asked for where it does not know a name. */
  readonly #names = new Map<ModelConfig, string>();
  #published: Promise<readonly PublishedModel[]> | undefined;

  constructor(parts: InferParts) {
    this.#parts = parts;
  }

  async upload(bytes: Buffer, signal: AbortSignal): Promise<Analysis> {
    const file = { name: 'image', filename: 'frame', bytes };
    return this.#look(this.#parts.sizeOf(bytes), (fields) => multipartBody(fields, file), signal);
  }

  async byUrl(frame: FrameAddress, signal: AbortSignal): Promise<Looked> {
    const { url, zmAuth, verifySsl } = frame;
    const address = { url, zm_auth: zmAuth, verify_ssl: verifySsl ? '1' : '0' };
    const refusal: Refusal = (said) =>
      said.startsWith('fetch failed') ? new NotFetched(notFetched(frame, said)) : undefined;
    try {
      const bodyOf: BodyOf = (fields) => urlencodedBody({ ...fields, ...address });
      return { ok: true, analysis: await this.#look(frame.size(), bodyOf, signal, refusal, zmAuth) };
    } catch (error) {
      if (error instanceof NotFetched) return error.failure;
      throw error;
    }
  }

  async #look(
    size: Promise<Size>,
    bodyOf: BodyOf,
    outer: AbortSignal,
    refusal: Refusal = () => undefined,
    zmAuth = '',
  ): Promise<Analysis> {
    const { config, log } = this.#parts;
    const models = this.#parts.models ?? [defaultModelConfig()];
    const stop = new AbortController();
    const signal = AbortSignal.any([outer, stop.signal]);
    let answers = 0;
    // Nothing looks at the size before a model has answered: who knows it is asked meanwhile.
    size.catch(() => undefined);
    const options = { size: { width: 0, height: 0 }, signal };
    const infer = async (model: ModelConfig) => {
      try {
        const [detections, known] = await Promise.all([this.#ask(model, bodyOf, signal, refusal, zmAuth), size]);
        options.size = known;
        answers += 1;
        return detections;
      } catch (error) {
        // A server that cannot answer now is not asked for the other models; one that lacks this model is.
        if (!isUnknownModel(error)) stop.abort(error);
        throw error;
      }
    };
    const { detections, failures, warnings } = await analyseFrame(config, models, infer, options);
    for (const warning of warnings) log.warn(warning);
    // An empty result must mean an empty picture.
    if (failures[0] !== undefined && answers === 0) throw failures[0].error;
    for (const { model, error } of failures) this.#tell(model, error);
    return { detections, size: await size };
  }

  async #ask(
    model: ModelConfig,
    bodyOf: BodyOf,
    signal: AbortSignal,
    refusal: Refusal,
    zmAuth: string,
  ): Promise<readonly Detection[]> {
    const { connection, models, post } = this.#parts;
    const threshold = models === null ? {} : { min_confidence: String(model.minConfidence) };
    const ask = async (name: string) => {
      const body = bodyOf({ type: model.type, name, ...threshold });
      return inferAnswer(connection, await post('/infer', body, signal), name);
    };
    const named = await ask(this.#names.get(model) ?? model.name);
    const other = isUnknown(named) ? await this.#nameOfFile(model, signal) : undefined;
    const answer = other === undefined ? named : await ask(other);
    if (typeof answer !== 'string') return answer;
    const reason = withoutCredentials(answer, zmAuth);
    throw (
      refusal(answer) ?? connection.error(isUnknown(answer) ? 'GATEWAY_MODEL_UNKNOWN' : 'GATEWAY_FAILED', { reason })
    );
  }

  /** The name under which the server publishes the file that `model` names: most often that file's stem. */
  async #nameOfFile(model: ModelConfig, signal: AbortSignal): Promise<string | undefined> {
    if (model.weights === null || model.weights === '') return undefined;
    this.#published ??= this.#parts.connection.get('/models').then(readModelsReply, () => []);
    const stem = parse(model.weights).name.toLowerCase();
    const published = await orAborted(this.#published, signal);
    const match = published.find(({ name, type }) => type === model.type && name.toLowerCase() === stem);
    if (match === undefined || match.name === model.name) return undefined;
    this.#parts.log.debug(
      { model: model.name, gateway_model: match.name },
      'the gateway knows the file by another name',
    );
    this.#names.set(model, match.name);
    return match.name;
  }

  #tell(model: ModelConfig, error: unknown): void {
    const key = `${model.type} ${model.name}`;
    if (this.#told.has(key)) return;
    this.#told.add(key);
    const reason = error instanceof Error ? error.message : String(error);
    this.#parts.log.warn({ model: model.name, type: model.type, reason }, 'model skipped: the gateway has none such');
  }
}

function inferAnswer(connection: GatewayConnection, reply: unknown, name: string): readonly Detection[] | string {
  try {
    return readInferReply(reply, name);
  } catch (error) {
    if (!(error instanceof AnswerFault)) throw error;
    throw connection.error('GATEWAY_UNEXPECTED', { reason: `/infer: ${error.message}` });
  }
}

function isUnknown(answer: readonly Detection[] | string): boolean {
  return typeof answer === 'string' && answer.includes('no model');
}

function isUnknownModel(error: unknown): boolean {
  return error instanceof ZmdetectError && error.code === 'GATEWAY_MODEL_UNKNOWN';
}
