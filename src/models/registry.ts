/** The models of this process: which are configured, which are in memory, and what each turned out to be. */
import type { Logger } from 'pino';

import type { Detection } from '../detection/detection.js';
import type { Engine, NativeImage, NativeModel, Ticket } from '../engine/engine.js';
import type { DetectOutput, PreparedModel } from '../engine/native.js';
import { ZmdetectError } from '../errors.js';
import { labelsOf } from './labels-of.js';
import type { ModelSpec } from './spec.js';

/** One row of GET /models. */
export interface ModelRow {
  readonly name: string;
  readonly type: string;
  readonly framework: string;
  readonly loaded: boolean;
  readonly processor: string;
  readonly requested_processor: string;
}

export interface RegistryOptions {
  /** Threads inside one inference; 0 = the processors that this process may use. */
  readonly intraOpThreads: number;
  /** Inferences of one model at once; 0 = 1. */
  readonly instances: number;
  /** After a failed lazy load the same error is given for so long, instead of trying at every request. */
  readonly retryLoadMs?: number;
}

/** Weights in memory, warmed up, with the name of every class. */
interface Loaded {
  readonly native: NativeModel;
  readonly prepared: PreparedModel;
  readonly labels: readonly string[];
}

export interface ModelAnswer {
  readonly detections: readonly Detection[];
  readonly times: DetectOutput['times'];
}

const yolo = new Set(['opencv', 'hog', 'virelai']);

/** One configured model. Loads once, however many requests ask at the same time. */
export class RegisteredModel {
  readonly spec: ModelSpec;
  readonly #engine: Engine;
  readonly #options: RegistryOptions;
  readonly #log: Logger;
  #loaded: Loaded | undefined;
  #loading: Promise<Loaded> | undefined;
  #failure: { readonly error: unknown; readonly at: number } | undefined;

  constructor(spec: ModelSpec, engine: Engine, options: RegistryOptions, log: Logger) {
    this.spec = spec;
    this.#engine = engine;
    this.#options = options;
    this.#log = log;
  }

  get loaded(): boolean {
    return this.#loaded !== undefined;
  }

  /** Name that detections carry: a nameless YOLO model says `yolo` (contract 2.7). */
  get detectionName(): string {
    return this.spec.config.name || (yolo.has(this.spec.framework) ? 'yolo' : this.spec.name);
  }

  /** Loads the model unless it is loaded. A failure is logged once for each attempt. */
  async load(): Promise<void> {
    await this.#ready();
  }

  /** Detections of one picture above `minConfidence`, best first. Loads the model when it is not in memory. */
  async detect(image: NativeImage, minConfidence: number, ticket: Ticket): Promise<ModelAnswer> {
    const { native, labels } = await this.#ready();
    const output = await native.detect(image, minConfidence, ticket);
    return { detections: this.#named(output, labels), times: output.times };
  }

  async unload(): Promise<void> {
    const loaded = this.#loaded;
    this.#loaded = undefined;
    await loaded?.native.close();
  }

  row(): ModelRow {
    const { name, type, framework, processor } = this.spec;
    // Until a model is in memory, what it runs on is what it was asked to run on.
    return {
      name,
      type,
      framework,
      loaded: this.loaded,
      processor: this.loaded ? 'cpu' : processor,
      requested_processor: processor,
    };
  }

  /** Nothing falls back in silence: a GPU that cannot be had is an error, or one loud line where that is allowed. */
  #checkProcessor(): void {
    if (this.spec.processor !== 'gpu') return;
    const reason = `model ${this.spec.name} was asked to run on the GPU, and this build has no GPU backend`;
    if (!this.spec.config.allowCpuFallback) throw new ZmdetectError('DEVICE_UNAVAILABLE', { reason });
    this.#log.warn({ model: this.spec.name }, `${reason}: it runs on the CPU`);
  }

  #ready(): Promise<Loaded> {
    if (this.#loaded) return Promise.resolve(this.#loaded);
    const retry = this.#options.retryLoadMs ?? 10_000;
    if (this.#failure && performance.now() - this.#failure.at < retry) return Promise.reject(this.#failure.error);
    this.#loading ??= this.#load()
      .then((loaded) => {
        this.#loaded = loaded;
        this.#failure = undefined;
        return loaded;
      })
      .catch((error: unknown) => {
        this.#failure = { error, at: performance.now() };
        this.#log.error({ model: this.spec.name, reason: reasonOf(error) }, 'model failed to load');
        throw error;
      })
      .finally(() => {
        this.#loading = undefined;
      });
    return this.#loading;
  }

  async #load(): Promise<Loaded> {
    const { spec } = this;
    const started = performance.now();
    if (spec.weightsPath === null) {
      throw new ZmdetectError('MODEL_FILE_MISSING', { reason: `no weight file was found for model ${spec.name}` });
    }
    this.#checkProcessor();
    const native = await this.#engine.open({
      backend: backendOf(spec.weightsPath),
      path: spec.weightsPath,
      intraOpThreads: this.#options.intraOpThreads,
    });
    try {
      const labels = await labelsOf(spec, native.metadata.names);
      const prepared = await native.prepare({
        classes: labels.length,
        inputWidth: spec.config.modelWidth ?? 0,
        inputHeight: spec.config.modelHeight ?? 0,
        instances: this.#options.instances || 1,
      });
      this.#log.info(
        {
          model: spec.name,
          layout: prepared.layout,
          input: `${prepared.inputWidth}x${prepared.inputHeight}`,
          labels: labels.length,
          warmup_ms: Math.round(prepared.warmupMs),
          ms: Math.round(performance.now() - started),
        },
        'model loaded',
      );
      return { native, prepared, labels };
    } catch (error) {
      await native.close();
      throw error;
    }
  }

  #named(output: DetectOutput, labels: readonly string[]): Detection[] {
    const { boxes, scores, classes } = output;
    return Array.from(classes, (id, i) => ({
      label: labels[id] ?? String(id),
      confidence: scores[i] ?? 0,
      box: [boxes[4 * i] ?? 0, boxes[4 * i + 1] ?? 0, boxes[4 * i + 2] ?? 0, boxes[4 * i + 3] ?? 0],
      modelName: this.detectionName,
      // Fixed by the backend, whatever type is configured (contract 2.7).
      type: 'object',
    }));
  }
}

/** Which backend opens a weight file, by its extension. */
function backendOf(weightsPath: string): string {
  if (/\.onnx$/i.test(weightsPath)) return 'onnx';
  const kind = /\.tflite$/i.test(weightsPath) ? 'TFLite' : 'Darknet';
  throw new ZmdetectError('BACKEND_UNAVAILABLE', {
    reason: `${weightsPath} is a ${kind} model, which this version of zmdetect cannot run; export it to ONNX`,
  });
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export class ModelRegistry {
  readonly models: readonly RegisteredModel[];
  #listed: readonly RegisteredModel[];

  constructor(specs: readonly ModelSpec[], engine: Engine, options: RegistryOptions, log: Logger) {
    this.models = specs.map((spec) => new RegisteredModel(spec, engine, options, log));
    this.#listed = this.models;
  }

  /** Loads the eager models in order. One that fails has been logged; it is neither listed nor run (contract 1.4). */
  async loadEager(): Promise<void> {
    const failed = new Set<RegisteredModel>();
    for (const model of this.models) {
      if (model.spec.lazy || !model.spec.config.enabled) continue;
      await model.load().catch(() => failed.add(model));
    }
    this.#listed = this.models.filter((model) => !failed.has(model) && model.spec.config.enabled);
  }

  /** Models that requests run, in configuration order. */
  get active(): readonly RegisteredModel[] {
    return this.#listed;
  }

  list(): readonly ModelRow[] {
    return this.#listed.map((model) => model.row());
  }

  async close(): Promise<void> {
    await Promise.all(this.models.map((model) => model.unload()));
  }
}
