/** One configured model: loads once, says what it runs on, and gets its accelerator back when it can. */
import type { Processor } from '../detection/config.js';
import type { Detection } from '../detection/detection.js';
import type { Engine, NativeImage, Ticket } from '../engine/engine.js';
import type { DetectOutput } from '../engine/native.js';
import { type ErrorCode, ZmdetectError } from '../errors.js';
import type { Log } from '../log.js';
import { orAborted } from '../or-aborted.js';
import { type Loaded, type LoadOptions, loadModel } from './load.js';
import type { ModelSpec } from './spec.js';

/** `degraded`: it runs, but not on the processor that it was asked to run on. */
export type ModelState = 'registered' | 'loading' | 'ready' | 'degraded' | 'failed';

/** One row of GET /models. The first six keys are what clients of every generation read. */
export interface ModelRow {
  readonly name: string;
  readonly type: string;
  readonly framework: string;
  readonly loaded: boolean;
  /** What it runs on now; what it was asked to run on until it is loaded. */
  readonly processor: Processor;
  readonly requested_processor: Processor;
  readonly state: ModelState;
  readonly error: string | null;
  readonly device: string | null;
  /** The library that runs it, with its version. */
  readonly runtime: string | null;
  /** Pixels: width, height. */
  readonly input: readonly [number, number] | null;
  readonly layout: string | null;
  readonly batch: 'dynamic' | 'static' | null;
  readonly warmup_ms: number | null;
}

export interface RegistryOptions extends LoadOptions {
  /** After a failed load the same error is given for so long, instead of trying at every request. */
  readonly retryLoadMs?: number;
}

export interface ModelAnswer {
  readonly detections: readonly Detection[];
  readonly times: DetectOutput['times'];
  /** Pictures that shared the inference. */
  readonly batch: number;
}

const yolo = new Set(['opencv', 'hog', 'virelai']);
const longestGpuRetrySeconds = 900;

/** What a device that is lost, or never was there, answers with. */
const deviceErrors: ReadonlySet<ErrorCode> = new Set(['DEVICE_UNAVAILABLE', 'INFERENCE_FAILED', 'OUT_OF_MEMORY']);

export class RegisteredModel {
  readonly spec: ModelSpec;
  readonly #engine: Engine;
  readonly #options: RegistryOptions;
  readonly #log: Log;
  #loaded: Loaded | undefined;
  #loading: Promise<Loaded> | undefined;
  #failure: { readonly error: unknown; readonly at: number } | undefined;
  #retry: NodeJS.Timeout | undefined;
  #retrySeconds: number;
  #ran = false;
  /** Requests that use a model which is being replaced, and whether it is to be closed after the last of them. */
  readonly #users = new Map<Loaded, { count: number; retired: boolean }>();

  constructor(spec: ModelSpec, engine: Engine, options: RegistryOptions, log: Log) {
    this.spec = spec;
    this.#engine = engine;
    this.#options = options;
    this.#log = log;
    this.#retrySeconds = spec.config.gpuRetrySeconds;
  }

  get loaded(): boolean {
    return this.#loaded !== undefined;
  }

  get state(): ModelState {
    if (this.#loaded) return this.#loaded.processor === this.spec.processor ? 'ready' : 'degraded';
    if (this.#loading) return 'loading';
    return this.#failure ? 'failed' : 'registered';
  }

  /** Whether it has not been in memory yet: a device that it wants may never have been on this host. */
  get neverRan(): boolean {
    return !this.#ran;
  }

  /** Why the model is not loaded; undefined where it is, or was never tried. */
  get failure(): unknown {
    return this.#loaded ? undefined : this.#failure?.error;
  }

  /** What loading has measured; another object after each load. */
  get measured(): Loaded['measured'] | undefined {
    return this.#loaded?.measured;
  }

  /** Name that detections carry: a nameless YOLO model says `yolo` (contract 2.7). */
  get detectionName(): string {
    return this.spec.config.name || (yolo.has(this.spec.framework) ? 'yolo' : this.spec.name);
  }

  /** Loads the model unless it is loaded. A failure is logged once for each attempt. */
  async load(): Promise<void> {
    await this.#ready();
  }

  /**
   * Resolves when the model is in memory or has failed to get there; to be asked for its detections, which tells of the
   * failure. Errors: MODEL_LOADING where the signal is aborted first; the signal's reason when the client hung up.
   */
  async settled(signal: AbortSignal): Promise<void> {
    if (this.#loaded) return;
    const settled = this.#ready().then(
      () => undefined,
      () => undefined,
    );
    await orAborted(settled, signal).catch((error: unknown) => {
      const isLate = error instanceof ZmdetectError && error.code === 'DEADLINE_EXCEEDED';
      throw isLate ? new ZmdetectError('MODEL_LOADING', { name: this.spec.name }, { cause: error }) : error;
    });
  }

  /** Detections of one picture above `minConfidence`, best first. Loads the model when it is not in memory. */
  async detect(image: NativeImage, minConfidence: number, ticket: Ticket): Promise<ModelAnswer> {
    const loaded = await this.#ready();
    try {
      return await this.#detectOn(loaded, image, minConfidence, ticket);
    } catch (error) {
      if (loaded.processor !== 'gpu' || !isDeviceError(error) || !this.spec.config.allowCpuFallback) throw error;
      return await this.#detectOn(await this.#fallBack(loaded, error), image, minConfidence, ticket);
    }
  }

  async unload(): Promise<void> {
    clearTimeout(this.#retry);
    const loaded = this.#loaded;
    this.#loaded = undefined;
    await loaded?.native.close();
  }

  row(): ModelRow {
    const { name, type, framework, processor } = this.spec;
    const loaded = this.#loaded;
    const { error } = this.#failure ?? {};
    return {
      name,
      type,
      framework,
      loaded: this.loaded,
      processor: loaded?.processor ?? processor,
      requested_processor: processor,
      state: this.state,
      error: error === undefined ? null : reasonOf(error),
      device: loaded?.native.device ?? null,
      runtime: loaded?.native.runtime ?? null,
      input: loaded ? [loaded.prepared.inputWidth, loaded.prepared.inputHeight] : null,
      layout: loaded?.prepared.layout ?? null,
      batch: loaded ? (loaded.prepared.dynamicBatch ? 'dynamic' : 'static') : null,
      warmup_ms: loaded ? Math.round(loaded.prepared.warmupMs) : null,
    };
  }

  async #detectOn(loaded: Loaded, image: NativeImage, minConfidence: number, ticket: Ticket): Promise<ModelAnswer> {
    const users = this.#users.get(loaded) ?? { count: 0, retired: false };
    this.#users.set(loaded, users);
    users.count += 1;
    try {
      const output = await loaded.native.detect(image, minConfidence, ticket);
      return { detections: this.#named(output, loaded.labels), times: output.times, batch: output.batch };
    } finally {
      users.count -= 1;
      if (users.count === 0) {
        this.#users.delete(loaded);
        if (users.retired) void loaded.native.close();
      }
    }
  }

  /** Closes a model that was replaced, after the last request that uses it. */
  #retire(loaded: Loaded): void {
    const users = this.#users.get(loaded);
    if (users) users.retired = true;
    else void loaded.native.close();
  }

  #ready(): Promise<Loaded> {
    if (this.#loaded) return Promise.resolve(this.#loaded);
    const retry = this.#options.retryLoadMs ?? 10_000;
    if (this.#failure && performance.now() - this.#failure.at < retry) return Promise.reject(this.#failure.error);
    this.#loading ??= this.#load()
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
    try {
      return this.#adopt(await loadModel(spec, spec.processor, this.#engine, this.#options), undefined);
    } catch (error) {
      if (spec.processor !== 'gpu' || !isDeviceError(error) || !spec.config.allowCpuFallback) throw error;
      return await this.#runOnCpu(error);
    }
  }

  /** The model of a request that has just lost its GPU; the first such request loads it, the others wait for that. */
  async #fallBack(lost: Loaded, error: unknown): Promise<Loaded> {
    if (this.#loaded === lost) {
      this.#loaded = undefined;
      this.#loading = this.#runOnCpu(error).finally(() => {
        this.#loading = undefined;
        this.#retire(lost);
      });
    }
    return await this.#ready();
  }

  /** Nothing falls back in silence: one loud line, `degraded` in /models, and another try later. */
  async #runOnCpu(error: unknown): Promise<Loaded> {
    this.#log.error(
      { model: this.spec.name, reason: reasonOf(error), gpu_retry_seconds: this.#retrySeconds },
      'model was asked to run on the GPU and runs on the CPU',
    );
    const loaded = this.#adopt(await loadModel(this.spec, 'cpu', this.#engine, this.#options), error);
    this.#scheduleRetry();
    return loaded;
  }

  /** 0: a model that lost its GPU stays on the CPU. The wait doubles with each try. */
  #scheduleRetry(): void {
    if (this.#retrySeconds <= 0) return;
    this.#retry = setTimeout(() => void this.#tryGpu(), this.#retrySeconds * 1000).unref();
    this.#retrySeconds = Math.min(2 * this.#retrySeconds, Math.max(longestGpuRetrySeconds, this.#retrySeconds));
  }

  async #tryGpu(): Promise<void> {
    const before = this.#loaded;
    if (before === undefined) return;
    try {
      const loaded = await loadModel(this.spec, 'gpu', this.#engine, this.#options);
      this.#retrySeconds = this.spec.config.gpuRetrySeconds;
      this.#adopt(loaded, undefined);
      this.#retire(before);
    } catch (error) {
      this.#log.warn({ model: this.spec.name, reason: reasonOf(error) }, 'the GPU is still not there');
      this.#scheduleRetry();
    }
  }

  #adopt(loaded: Loaded, error: unknown): Loaded {
    this.#loaded = loaded;
    this.#ran = true;
    this.#failure = error === undefined ? undefined : { error, at: performance.now() };
    const { prepared, labels, native, processor } = loaded;
    this.#log.info(
      {
        model: this.spec.name,
        processor,
        device: native.device,
        runtime: native.runtime,
        layout: prepared.layout,
        input: `${prepared.inputWidth}x${prepared.inputHeight}`,
        labels: labels.length,
        threads: prepared.threads,
        threads_alone: prepared.threadsAlone,
        instances: prepared.instances,
        max_batch: prepared.maxBatch,
        images_per_second: Math.round(10 * prepared.imagesPerSecond) / 10,
        warmup_ms: Math.round(prepared.warmupMs),
      },
      'model loaded',
    );
    return loaded;
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

export function isDeviceError(error: unknown): boolean {
  return error instanceof ZmdetectError && deviceErrors.has(error.code);
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
