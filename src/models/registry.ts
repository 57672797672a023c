/** The models of this process, in configuration order. */
import type { Engine } from '../engine/engine.js';
import type { Log } from '../log.js';
import { IdleTrials } from './idle-trials.js';
import type { ModelRow } from './model-row.js';
import { isDeviceError, RegisteredModel, type RegistryOptions } from './registered-model.js';
import { ModelRoom, type RoomLimits } from './room.js';
import type { ModelSpec } from './spec.js';

export type { ModelRow, ModelState } from './model-row.js';
export { type ModelAnswer, RegisteredModel, type RegistryOptions } from './registered-model.js';

const unlimited: RoomLimits = { maxLoadedModels: 0, maxModelMemory: 0 };

export class ModelRegistry {
  readonly models: readonly RegisteredModel[];
  readonly #room: ModelRoom;
  readonly #log: Log;
  readonly #trials: IdleTrials;
  #failed: ReadonlySet<RegisteredModel> = new Set();

  constructor(specs: readonly ModelSpec[], engine: Engine, options: RegistryOptions, log: Log, limits = unlimited) {
    this.#room = new ModelRoom(limits, log);
    this.#log = log;
    this.#trials = new IdleTrials(() => this.models);
    const noted = { ...options, used: () => this.#trials.touched() };
    this.models = specs.map((spec) => new RegisteredModel(spec, engine, noted, this.#room, log));
  }

  /**
   * Loads the pinned models and, while there is room, the eager ones, in order. One that fails has been logged; requests
   * do not run it (contract 1.4).
   */
  async loadEager(): Promise<void> {
    const failed = new Set<RegisteredModel>();
    const enabled = this.models.filter((model) => model.spec.config.enabled);
    const pinned = enabled.filter((model) => model.pinned);
    for (const model of [...pinned, ...enabled.filter((model) => !model.pinned && !model.spec.lazy)]) {
      if (model.pinned || this.#room.hasRoomFor(model)) await model.load().catch(() => failed.add(model));
      else this.#log.info({ model: model.spec.name }, 'no room to load the model now: it is loaded on first use');
    }
    this.#failed = failed;
  }

  /**
   * Throws the error of the first eager model that was to have its GPU or nothing and could not have it: the operator said
   * so with `allow_cpu_fallback: false`, and a daemon that serves without it would hide that.
   */
  demandAccelerators(): void {
    for (const { spec, failure } of this.#failed) {
      if (spec.processor === 'gpu' && !spec.config.allowCpuFallback && isDeviceError(failure)) throw failure;
    }
  }

  /** Models that requests run, in configuration order. */
  get active(): readonly RegisteredModel[] {
    return this.models.filter((model) => model.spec.config.enabled && !this.#failed.has(model));
  }

  /** Every enabled model; one that failed says why, instead of being absent as upstream has it. */
  list(): readonly ModelRow[] {
    return this.models.filter((model) => model.spec.config.enabled).map((model) => model.row());
  }

  /** Names of the models that run, but on another processor than they should, or with impossible boxes. */
  get degraded(): readonly string[] {
    return this.models.filter((model) => model.state === 'degraded').map((model) => model.spec.name);
  }

  async close(): Promise<void> {
    this.#trials.close();
    await Promise.all(this.models.map((model) => model.unload()));
  }
}
