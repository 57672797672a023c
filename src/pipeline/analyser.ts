/** From the bytes of a frame to its detections: decode once, run the models, filter. */
import type { Logger } from 'pino';

import type { DetectorConfig, ModelConfig } from '../detection/config.js';
import type { Detection, Size } from '../detection/detection.js';
import { analyseFrame } from '../detection/pipeline.js';
import { type Engine, type NativeImage, Ticket } from '../engine/engine.js';
import { ZmdetectError } from '../errors.js';
import type { ModelRegistry, RegisteredModel } from '../models/registry.js';

/** What one frame holds, before zones. */
export interface Analysis {
  readonly detections: readonly Detection[];
  readonly size: Size;
}

export interface AnalyseOptions {
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** Milliseconds by stage are added here. */
  readonly stages: Record<string, number>;
}

export class FrameAnalyser {
  readonly #engine: Engine;
  readonly #registry: ModelRegistry;
  readonly #config: DetectorConfig;

  constructor(engine: Engine, registry: ModelRegistry, config: DetectorConfig) {
    this.#engine = engine;
    this.#registry = registry;
    this.#config = config;
  }

  get config(): DetectorConfig {
    return this.#config;
  }

  /**
   * Detections of one encoded picture. When the signal is aborted, what has not begun is not computed.
   * Errors: IMAGE_*; the signal's reason when it is aborted; INFERENCE_FAILED and the like when no model could answer.
   */
  async analyse(bytes: Uint8Array, options: AnalyseOptions): Promise<Analysis> {
    const { signal, stages } = options;
    signal.throwIfAborted();
    const ticket = new Ticket();
    const cancel = () => ticket.cancel();
    signal.addEventListener('abort', cancel, { once: true });
    try {
      const image = await this.#engine.decode(bytes, ticket);
      add(stages, { decodeQueue: image.queueMs, decode: image.decodeMs });
      try {
        return { detections: await this.#detect(image, ticket, options), size: sizeOf(image) };
      } finally {
        image.release();
      }
    } catch (error) {
      // The engine says CANCELLED whoever cancelled; the signal knows whether that was the client.
      signal.throwIfAborted();
      throw error;
    } finally {
      signal.removeEventListener('abort', cancel);
    }
  }

  async #detect(image: NativeImage, ticket: Ticket, { log, signal, stages }: AnalyseOptions) {
    const runnable = this.#registry.active.map((model) => new Runnable(model));
    const infer = async ({ model }: Runnable): Promise<readonly Detection[]> => {
      try {
        const answer = await model.detect(image, model.spec.config.minConfidence, ticket);
        add(stages, answer.times);
        return answer.detections;
      } catch (error) {
        // So thin a picture holds nothing that the network could see; that is no failure of the model.
        if (error instanceof ZmdetectError && error.code === 'IMAGE_TOO_THIN') return [];
        throw error;
      }
    };
    const outcome = await analyseFrame(this.#config, runnable, infer, { size: sizeOf(image), signal });
    for (const warning of outcome.warnings) log.warn(warning);
    for (const { model, error } of outcome.failures) {
      const reason = error instanceof Error ? error.message : String(error);
      log.error({ model: model.model.spec.name, reason }, 'model gave no answer');
    }
    this.#refuseSilence(outcome.failures);
    return outcome.detections;
  }

  /** An empty result must mean an empty picture: when every model that there is failed, that is an error. */
  #refuseSilence(failures: readonly { readonly error: unknown }[]): void {
    const [first] = failures;
    if (first && failures.length === this.#registry.active.length) throw first.error;
    if (this.#registry.active.length === 0 && this.#registry.models.length > 0) {
      throw new ZmdetectError('INFERENCE_FAILED', { reason: 'none of the configured models could be loaded' });
    }
  }
}

/** A registered model with the fields that the pipeline looks at. */
class Runnable {
  readonly model: RegisteredModel;
  constructor(model: RegisteredModel) {
    this.model = model;
  }
  get #config(): ModelConfig {
    return this.model.spec.config;
  }
  get enabled() {
    return this.#config.enabled;
  }
  get type() {
    return this.#config.type;
  }
  get pattern() {
    return this.#config.pattern;
  }
  get maxDetectionSize() {
    return this.#config.maxDetectionSize;
  }
  get preExistingLabels() {
    return this.#config.preExistingLabels;
  }
}

function sizeOf(image: NativeImage): Size {
  return { width: image.width, height: image.height };
}

function add(stages: Record<string, number>, times: Readonly<Record<string, number>>): void {
  for (const [stage, ms] of Object.entries(times)) stages[stage] = (stages[stage] ?? 0) + ms;
}
