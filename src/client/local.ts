/** The models of this process. Nothing else of the client loads the native engine for detection. */
import { resolve } from 'node:path';

import { type DetectorConfig, defaultModelConfig, type ModelConfig } from '../detection/config.js';
import { Engine } from '../engine/engine.js';
import { ZmdetectError } from '../errors.js';
import type { Log } from '../log.js';
import { findModels, type Found } from '../models/discovery.js';
import { ModelRegistry } from '../models/registry.js';
import { defaultPolicy } from '../models/spec.js';
import { FrameAnalyser } from '../pipeline/analyser.js';
import type { Analysis } from '../pipeline/selector.js';
import type { Settings } from './settings.js';

/** What a detector has for models in this process. */
export type LocalOptions = Pick<Settings, 'models' | 'basePath' | 'processor' | 'config' | 'instances' | 'log'>;

export class LocalModels {
  readonly #engine: Engine;
  readonly #registry: ModelRegistry;
  readonly #analyser: FrameAnalyser;
  readonly #log: Log;

  private constructor(engine: Engine, registry: ModelRegistry, config: DetectorConfig, log: Log) {
    this.#engine = engine;
    this.#registry = registry;
    this.#analyser = new FrameAnalyser(engine, registry, config);
    this.#log = log;
  }

  /** Finds the models and loads those that are named. Errors: MODEL_FILE_MISSING where there is none. */
  static async open(options: LocalOptions): Promise<LocalModels> {
    const { config, instances, log } = options;
    const { specs, warnings } = await find(options);
    for (const warning of warnings) log.warn(warning);
    if (specs.length === 0) {
      const reason = warnings.length > 0 ? warnings.join('; ') : 'no model is configured for this host';
      throw new ZmdetectError('MODEL_FILE_MISSING', { reason });
    }
    const engine = new Engine();
    // A number of instances that somebody set leaves nothing to measure: a hook looks at one event.
    const trials = instances > 0 ? 'never' : 'when-idle';
    const registry = new ModelRegistry(specs, engine, { intraOpThreads: 0, instances, trials }, log);
    try {
      await registry.loadEager();
      registry.demandAccelerators();
      return new LocalModels(engine, registry, config, log);
    } catch (error) {
      await engine.close();
      throw error;
    }
  }

  /** Errors: IMAGE_*; INFERENCE_FAILED and the like when no model could answer; the signal's reason. */
  analyse(bytes: Buffer, signal: AbortSignal): Promise<Analysis> {
    return this.#analyser.analyse(bytes, { log: this.#log, signal, stages: {} });
  }

  async close(): Promise<void> {
    await this.#registry.close();
    await this.#engine.close();
  }
}

async function find({ models, basePath, processor: said, config }: LocalOptions): Promise<Found> {
  const processor = said ?? 'cpu';
  const items = models ?? ['all'];
  const names = items.filter((item) => typeof item === 'string');
  const common = { ...defaultPolicy(), basePath, processor, processorGiven: said !== null };
  if (names.length === items.length) return findModels({ ...common, models: names, detectorConfig: null });

  // An entry may name its files, or be found by its name like any other.
  const sought = items.map((item) => (typeof item === 'string' ? item : item.weights === null ? item.name : null));
  const wanted = sought.flatMap((name) => name || []);
  const found = await findModels({ ...common, models: wanted, detectorConfig: null });
  const byName = new Map(found.specs.map((spec) => [spec.requestedName, spec]));
  const entries = items.map((item, index): ModelConfig => {
    const spec = byName.get(sought[index] ?? '');
    const entry = typeof item === 'string' ? { ...defaultModelConfig(), name: item, processor } : item;
    if (spec === undefined) return entry;
    if (typeof item === 'string') return { ...spec.config, weights: spec.weightsPath };
    return { ...entry, weights: spec.weightsPath === null ? null : resolve(spec.weightsPath) };
  });
  const { specs, warnings } = await findModels({
    ...common,
    models: [],
    detectorConfig: { ...config, models: entries },
  });
  return { specs, warnings: [...found.warnings, ...warnings] };
}
