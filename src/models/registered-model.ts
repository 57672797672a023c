/** One configured model: loads once, says what it runs on, and gets its accelerator back when it can. */
import { loadavg } from 'node:os';

import type { Detection } from '../detection/detection.js';
import { type Engine, type NativeImage, type Ticket, usableCpus } from '../engine/engine.js';
import type { DetectOutput } from '../engine/native.js';
import { type ErrorCode, ZmdetectError } from '../errors.js';
import type { Log } from '../log.js';
import { orAborted } from '../or-aborted.js';
import { type Loaded, type LoadOptions, loadModel } from './load.js';
import { detectionsOf } from './detections-of.js';
import { LeftOutCounter } from './left-out.js';
import { type LeftOut, type ModelRow, type ModelState, rowOf } from './model-row.js';
import type { ModelRoom, Resident } from './room.js';
import type { ModelSpec } from './spec.js';
import { Users } from './users.js';

export interface RegistryOptions extends LoadOptions {
  /** After a failed load the same error is given for so long, instead of trying at every request. */
  readonly retryLoadMs?: number;
  /** Seconds without use after which a model is unloaded; negative: never. Default -1. */
  readonly keepAlive?: number;
  /** Published names of the models that are loaded first and never unloaded. */
  readonly pinned?: readonly string[];
  /** When it is measured how a model uses the processors best. Default: `at-load`. */
  readonly trials?: 'at-load' | 'when-idle' | 'never';
  /** Told when a model was loaded or used. */
  readonly used?: () => void;
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

export class RegisteredModel implements Resident {
  readonly spec: ModelSpec;
  readonly #engine: Engine;
  readonly #options: RegistryOptions;
  readonly #room: ModelRoom;
  readonly #log: Log;
  readonly #users = new Users();
  /** Requests that are about to use it. */
  #holds = 0;
  #lastUsed = 0;
  #idleTimer: NodeJS.Timeout | undefined;
  #loaded: Loaded | undefined;
  #loading: Promise<Loaded> | undefined;
  /** The last time that it was unloaded, or is being. */
  #unloading: Promise<void> | undefined;
  #failure: { readonly error: unknown; readonly at: number } | undefined;
  #retry: NodeJS.Timeout | undefined;
  #retrySeconds: number;
  #ran = false;
  #loads = 0;
  #trialsFailed = false;
  /** Whether the next load is for a start and not for a request. */
  #forStart = false;
  readonly #unloads = { room: 0, idle: 0 };
  readonly #leftOut: LeftOutCounter;

  constructor(spec: ModelSpec, engine: Engine, options: RegistryOptions, room: ModelRoom, log: Log) {
    this.#room = room;
    this.spec = spec;
    this.#engine = engine;
    this.#options = options;
    this.#log = log;
    this.#leftOut = new LeftOutCounter((sentence) => log.warn({ model: spec.name }, sentence));
    this.#retrySeconds = spec.config.gpuRetrySeconds;
  }

  get loaded(): boolean {
    return this.#loaded !== undefined;
  }

  get name(): string {
    return this.spec.name;
  }

  get weightsPath(): string | null {
    return this.spec.weightsPath;
  }

  get pinned(): boolean {
    return this.#options.pinned?.includes(this.spec.name) ?? false;
  }

  get idle(): boolean {
    return this.#holds === 0 && !this.#users.any;
  }

  get lastUsed(): number {
    return this.#lastUsed;
  }

  /** How often it was brought into memory, and taken out of it to make room or since nobody asked for it. */
  get counts(): { readonly loads: number; readonly unloads: Readonly<Record<'room' | 'idle', number>> } {
    return { loads: this.#loads, unloads: this.#unloads };
  }

  /** Bytes of memory; 0 where it is not loaded. */
  get bytes(): number {
    return this.#room.bytesOf(this);
  }

  /** What was left out of its answers, over all loads. */
  get leftOut(): LeftOut {
    return this.#leftOut.total;
  }

  /** Whether it runs on another processor than it should. */
  get fellBack(): boolean {
    return this.#loaded !== undefined && this.#loaded.processor !== this.spec.processor;
  }

  get state(): ModelState {
    if (this.#loaded) return this.fellBack || this.#leftOut.reason !== null ? 'degraded' : 'ready';
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

  /** The names of its classes; undefined where it is not loaded. */
  get labels(): readonly string[] | undefined {
    return this.#loaded?.labels;
  }

  /** What loading has measured; another object after each load. */
  get measured(): Loaded['measured'] | undefined {
    return this.#loaded?.measured;
  }

  /** Name that detections carry: a nameless YOLO model says `yolo` (contract 2.7). */
  get detectionName(): string {
    return this.spec.config.name || (yolo.has(this.spec.framework) ? 'yolo' : this.spec.name);
  }

  get awaitsTrials(): boolean {
    return this.#options.trials === 'when-idle' && !this.#trialsFailed && (this.#loaded?.awaitsTrials ?? false);
  }

  /** Loads the model unless it is loaded. A failure is logged once for each attempt. */
  async load(): Promise<void> {
    this.#forStart = true;
    await this.#ready();
  }

  /** Measures a second copy of the model and goes on with that. Does not reject. */
  async runTrials(): Promise<void> {
    const before = this.#loaded;
    if (before === undefined || !this.awaitsTrials) return;
    if (!this.#room.hasRoomForCopy(this)) {
      this.#trialsFailed = true;
      return;
    }
    try {
      const loaded = await loadModel(this.spec, before.processor, this.#engine, { ...this.#options, tune: true });
      if (this.#loaded !== before) return await loaded.native.close();
      this.#loaded = loaded;
      const [was, is] = [before, loaded].map(({ prepared: { threads, instances, maxBatch } }) => ({
        threads,
        instances,
        max_batch: maxBatch,
      }));
      const message =
        JSON.stringify(was) === JSON.stringify(is) ? 'model measured' : 'model measured: it runs another way';
      const trials = loaded.prepared.trialRuns;
      this.#log.info({ model: this.spec.name, was, is, trial_inferences: trials }, message);
      await this.#users.retire(before);
    } catch (error) {
      this.#trialsFailed = true;
      this.#log.warn(
        { model: this.spec.name, reason: reasonOf(error) },
        'model could not be measured: it stays as it is',
      );
    }
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

  /**
   * Brings the model into memory before `work` is done, and does not count it as idle until then. `work` runs also where
   * that failed. Errors: as `settled`; whatever `work` rejects with.
   */
  async hold<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    this.#holds += 1;
    try {
      await this.settled(signal);
      return await work();
    } finally {
      this.#holds -= 1;
      this.#used();
    }
  }

  /** Detections of one picture above `minConfidence`, best first. Loads the model when it is not in memory. */
  async detect(image: NativeImage, minConfidence: number, ticket: Ticket): Promise<ModelAnswer> {
    const detectOn = (loaded: Loaded) =>
      this.#users.use(loaded, async () => {
        const output = await loaded.native.detect(image, minConfidence, ticket);
        this.#leftOut.add(output);
        const detections = detectionsOf(output, loaded.labels, this.detectionName);
        return { detections, times: output.times, batch: output.batch };
      });
    // From here on, or a model that was loaded for this picture might make room for another before it has seen it.
    this.#holds += 1;
    try {
      const loaded = await this.#current();
      try {
        return await detectOn(loaded);
      } catch (error) {
        if (loaded.processor !== 'gpu' || !isDeviceError(error) || !this.spec.config.allowCpuFallback) throw error;
        return await detectOn(await this.#fallBack(loaded, error));
      }
    } finally {
      this.#holds -= 1;
      this.#used();
    }
  }

  /** Resolves when the last request that uses it is answered and its memory is free. */
  async unload(reason?: 'room' | 'idle'): Promise<void> {
    clearTimeout(this.#retry);
    clearTimeout(this.#idleTimer);
    const loaded = this.#loaded;
    this.#loaded = undefined;
    if (loaded !== undefined) this.#unloading = this.#close(loaded, reason);
    await this.#unloading;
  }

  async #close(loaded: Loaded, reason: 'room' | 'idle' | undefined): Promise<void> {
    this.#failure = undefined;
    await this.#users.retire(loaded);
    this.#room.left(this);
    if (reason === undefined) return;
    this.#unloads[reason] += 1;
    this.#log.info({ model: this.spec.name, reason }, 'model unloaded');
  }

  row(): ModelRow {
    const { error } = this.#failure ?? {};
    return rowOf(this.spec, this.#loaded, {
      state: this.state,
      error: error === undefined ? (this.#loaded?.elsewhere ?? this.#leftOut.reason) : reasonOf(error),
      leftOut: this.#leftOut.sinceLoad,
    });
  }

  /** Whoever has used it last lets others take its place, and the time without use begin. */
  #used(): void {
    this.#lastUsed = performance.now();
    if (!this.idle) return;
    this.#room.changed();
    this.#options.used?.();
    const { keepAlive = -1 } = this.#options;
    if (keepAlive < 0 || this.pinned) return;
    clearTimeout(this.#idleTimer);
    this.#idleTimer = setTimeout(() => {
      if (this.idle) void this.unload('idle');
    }, keepAlive * 1000).unref();
  }

  /** The model in memory; to be used in the same turn, since it may be unloaded in the next. */
  async #current(): Promise<Loaded> {
    let loaded = await this.#ready();
    while (loaded !== this.#loaded) loaded = await this.#ready();
    return loaded;
  }

  #ready(): Promise<Loaded> {
    if (this.#loaded) return Promise.resolve(this.#loaded);
    const retry = this.#options.retryLoadMs ?? 10_000;
    if (this.#failure && performance.now() - this.#failure.at < retry) return Promise.reject(this.#failure.error);
    // Its own memory is free before it takes a place again.
    this.#loading ??= Promise.resolve(this.#unloading)
      .then(() => this.#room.load(this, () => this.#load()))
      .catch((error: unknown) => {
        this.#failure = { error, at: performance.now() };
        const isStopping = error instanceof ZmdetectError && error.code === 'ENGINE_CLOSED';
        if (!isStopping) this.#log.error({ model: this.spec.name, reason: reasonOf(error) }, 'model failed to load');
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
      return this.#adopt(await loadModel(spec, spec.processor, this.#engine, this.#loadOptions()), undefined);
    } catch (error) {
      if (spec.processor !== 'gpu' || !isDeviceError(error) || !spec.config.allowCpuFallback) throw error;
      return await this.#runOnCpu(error);
    }
  }

  /** A request does not wait for trials, and on a busy machine they would say nothing. */
  #loadOptions(): LoadOptions {
    const { trials = 'at-load' } = this.#options;
    const quiet = (loadavg()[0] ?? 0) < usableCpus();
    const tune = trials === 'at-load' || (trials === 'when-idle' && this.#forStart && quiet);
    this.#forStart = false;
    return { ...this.#options, tune };
  }

  /** The model of a request that has just lost its GPU; the first such request loads it, the others wait for that. */
  async #fallBack(lost: Loaded, error: unknown): Promise<Loaded> {
    if (this.#loaded === lost) {
      this.#loaded = undefined;
      this.#loading = this.#runOnCpu(error).finally(() => {
        this.#loading = undefined;
        void this.#users.retire(lost);
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
    const loaded = this.#adopt(await loadModel(this.spec, 'cpu', this.#engine, this.#loadOptions()), error);
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
      if (this.#loaded !== before) return await loaded.native.close();
      this.#retrySeconds = this.spec.config.gpuRetrySeconds;
      this.#adopt(loaded, undefined);
      await this.#users.retire(before);
    } catch (error) {
      this.#log.warn({ model: this.spec.name, reason: reasonOf(error) }, 'the GPU is still not there');
      this.#scheduleRetry();
    }
  }

  #adopt(loaded: Loaded, error: unknown): Loaded {
    this.#loaded = loaded;
    this.#leftOut.restart();
    this.#ran = true;
    this.#loads += 1;
    this.#used();
    this.#failure = error === undefined ? undefined : { error, at: performance.now() };
    const { prepared, labels, native, processor } = loaded;
    this.#log.info(
      {
        model: this.spec.name,
        processor,
        device: native.device,
        runtime: native.runtime,
        layout: prepared.layout,
        decided_by: prepared.decidedBy,
        picture: prepared.picture,
        input: `${prepared.inputWidth}x${prepared.inputHeight}`,
        labels: labels.length,
        threads: prepared.threads,
        threads_alone: prepared.threadsAlone,
        instances: prepared.instances,
        max_batch: prepared.maxBatch,
        images_per_second: Math.round(10 * prepared.imagesPerSecond) / 10,
        warmup_ms: Math.round(prepared.warmupMs),
        trial_inferences: prepared.trialRuns,
      },
      'model loaded',
    );
    if (loaded.elsewhere !== null) this.#log.warn({ model: this.spec.name }, loaded.elsewhere);
    for (const warning of loaded.warnings) this.#log.warn({ model: this.spec.name }, warning);
    return loaded;
  }
}

export function isDeviceError(error: unknown): boolean {
  return error instanceof ZmdetectError && deviceErrors.has(error.code);
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
