/** From the bytes of a frame to its detections: decode once, run the models, filter; then zones and past detections. */
import type { DetectorConfig, ModelConfig } from '../detection/config.js';
import type { Detection, Size } from '../detection/detection.js';
import { analyseFrame } from '../detection/pipeline.js';
import type { Zone } from '../detection/zones.js';
import type { Engine, NativeImage } from '../engine/engine.js';
import { type ErrorCode, ZmdetectError } from '../errors.js';
import type { Log } from '../log.js';
import type { RegisteredModel } from '../models/registry.js';
import type { ModelSet } from '../models/served.js';
import { Admission } from './admission.js';
import { look, type Picture, type PictureOptions, withPicture } from './picture.js';
import { type Analysis, FrameSelector, type Selection } from './selector.js';
import { whenever } from './urgency.js';

export type { Analysis, Selection } from './selector.js';

export interface AnalyseOptions extends PictureOptions {
  readonly log: Log;
}

export class FrameAnalyser {
  readonly #engine: Engine;
  readonly #models: ModelSet;
  readonly #config: DetectorConfig;
  readonly #selector: FrameSelector;
  readonly #admission: Admission;

  constructor(engine: Engine, models: ModelSet, config: DetectorConfig, admission = new Admission()) {
    this.#admission = admission;
    this.#engine = engine;
    this.#models = models;
    this.#config = config;
    this.#selector = new FrameSelector(config);
  }

  get config(): DetectorConfig {
    return this.#config;
  }

  /** The models that look at a picture. */
  get models(): readonly RegisteredModel[] {
    return this.#models.active;
  }

  /**
   * Detections of one encoded picture. When the signal is aborted, what has not begun is not computed.
   * Errors: IMAGE_*; the signal's reason when it is aborted; QUEUE_FULL where the answer would be too late;
   * DEADLINE_EXCEEDED; INFERENCE_FAILED and the like when no model could answer.
   */
  async analyse(bytes: Uint8Array, options: AnalyseOptions): Promise<Analysis> {
    return this.#admission.run(this.models, options.urgency ?? whenever, () =>
      withPicture(this.#engine, bytes, options, async (picture) => ({
        detections: await this.#detect(picture, options),
        size: sizeOf(picture.image),
      })),
    );
  }

  /** Decodes a picture and does nothing with it. Errors: those of `analyse` that come before the models. */
  async checkPicture(bytes: Uint8Array, options: PictureOptions): Promise<void> {
    await withPicture(this.#engine, bytes, options, () => Promise.resolve());
  }

  /** Zones, and what was there the last time; see {@link FrameSelector}. */
  select(detections: readonly Detection[], zones: readonly Zone[], log: Log): Promise<Selection> {
    return this.#selector.select(detections, zones, log);
  }

  async #detect(picture: Picture, options: AnalyseOptions): Promise<readonly Detection[]> {
    const { log, signal } = options;
    const runnable = this.#models.active.map((model) => new Runnable(model));
    const infer = ({ model }: Runnable) => look(model, picture, model.spec.config.minConfidence, options);
    const outcome = await analyseFrame(this.#config, runnable, infer, { size: sizeOf(picture.image), signal });
    for (const warning of outcome.warnings) log.warn(warning);
    for (const { model, error } of outcome.failures) {
      const reason = error instanceof Error ? error.message : String(error);
      log.error({ model: model.model.spec.name, reason }, 'model gave no answer');
    }
    this.#refuseSilence(outcome.failures);
    return outcome.detections;
  }

  /**
   * An empty result must mean an empty picture. A model that cannot run now (device lost, memory, queue) makes the answer
   * an error, which is what clients fall back on (wire generations, 10.5, rule 14); one that never ran on this host, for
   * want of a fit file or of a device, only counts when there is no other: a folder of models may well hold some such.
   */
  #refuseSilence(failures: readonly { readonly model: Runnable; readonly error: unknown }[]): void {
    const { active, models } = this.#models;
    const now =
      failures.find((failure) => !isUnfit(failure)) ?? (failures.length === active.length ? failures[0] : undefined);
    if (now) throw now.error;
    if (active.length === 0 && models.length > 0) {
      throw new ZmdetectError('INFERENCE_FAILED', { reason: 'none of the configured models could be loaded' });
    }
  }
}

const unfit: ReadonlySet<string> = new Set<ErrorCode>([
  'MODEL_FILE_MISSING',
  'MODEL_UNREADABLE',
  'MODEL_LAYOUT_UNKNOWN',
  'MODEL_LABELS_MISSING',
  'MODEL_OUTPUT_INVALID',
  'BACKEND_UNAVAILABLE',
]);

function isUnfit({ model, error }: { readonly model: Runnable; readonly error: unknown }): boolean {
  if (!(error instanceof ZmdetectError)) return false;
  return unfit.has(error.code) || (error.code === 'DEVICE_UNAVAILABLE' && model.model.neverRan);
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
