/**
 * How many models are in memory at once. Whoever is not there yet gets the place of the one that has not been used for
 * the longest time; one that is in use is not interrupted, and a pinned one never goes.
 */
import { statSync } from 'node:fs';
import { memoryUsage } from 'node:process';

import { ZmdetectError } from '../errors.js';
import { limits } from '../limits.js';
import type { Log } from '../log.js';

export interface RoomLimits {
  /** Models in memory; 0: no limit. */
  readonly maxLoadedModels: number;
  /** Bytes of all of them; 0: no limit. */
  readonly maxModelMemory: number;
}

/** A model, as far as its place in memory goes. */
export interface Resident {
  readonly name: string;
  readonly pinned: boolean;
  /** Nobody uses it or is about to. */
  readonly idle: boolean;
  /** On the clock of `performance.now()`. */
  readonly lastUsed: number;
  /** Path of its weights. */
  readonly weightsPath: string | null;
  /** Lets nobody use it any more; resolves when the last user has gone and its memory is free. */
  unload(reason: 'room'): Promise<void>;
}

/** Where every model is in use all the time, the one used least recently makes room after so long. */
const patienceMs = 1000;
/** Guess before the first load: weights as they are and as the runtime packs them, and what an inference needs besides. */
const fileFactor = 3;
const inferenceBytes = 64 * 1024 * 1024;

export class ModelRoom {
  readonly #limits: RoomLimits;
  readonly #log: Log;
  /** Bytes of each model that is in memory. */
  readonly #residents = new Map<Resident, number>();
  /** The most that each was ever measured to take. */
  readonly #measured = new Map<Resident, number>();
  /** One model is loaded at a time: the engine has one thread for it, and what it takes can be measured. */
  #turn: Promise<unknown> = Promise.resolve();
  #wake: (() => void) | undefined;

  constructor(limits: RoomLimits, log: Log) {
    this.#limits = limits;
    this.#log = log;
  }

  /** Bytes; 0 where it is not in memory. */
  bytesOf(resident: Resident): number {
    return this.#residents.get(resident) ?? 0;
  }

  /** Whether it could be loaded without unloading another. */
  hasRoomFor(resident: Resident): boolean {
    const { maxLoadedModels, maxModelMemory } = this.#limits;
    const count = this.#residents.size;
    if (count === 0) return true;
    if (maxLoadedModels > 0 && count >= maxLoadedModels) return false;
    return maxModelMemory === 0 || this.#total() + this.#expected(resident) <= maxModelMemory;
  }

  /** Whether the model may be in memory twice for a while. */
  hasRoomForCopy(resident: Resident): boolean {
    const { maxModelMemory } = this.#limits;
    return maxModelMemory === 0 || this.#total() + this.bytesOf(resident) <= maxModelMemory;
  }

  /** Runs `work`, which loads the model, when there is room. Errors: MODEL_NO_ROOM; whatever `work` rejects with. */
  load<T>(resident: Resident, work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(() => this.#load(resident, work));
    // A file system that hangs, or a file that is none, must not keep all other models from being loaded for ever.
    this.#turn = new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, limits.stuckThreadMs.value).unref();
      const end = () => {
        clearTimeout(timer);
        resolve();
      };
      turn.then(end, end);
    });
    return turn;
  }

  /** The model is out of memory. */
  left(resident: Resident): void {
    this.#residents.delete(resident);
    this.changed();
  }

  /** A model has become idle. */
  changed(): void {
    this.#wake?.();
  }

  async #load<T>(resident: Resident, work: () => Promise<T>): Promise<T> {
    await this.#makeRoom(resident);
    const before = memoryUsage.rss();
    const result = await work();
    const bytes = Math.max(memoryUsage.rss() - before, fileBytes(resident), this.#measured.get(resident) ?? 0);
    this.#measured.set(resident, bytes);
    this.#residents.set(resident, bytes);
    await this.#trim(resident);
    return result;
  }

  async #makeRoom(resident: Resident): Promise<void> {
    const patient = performance.now() + patienceMs;
    while (!this.hasRoomFor(resident)) {
      const [oldest, ...others] = this.#candidates(resident);
      if (oldest === undefined) throw noRoom(resident);
      const left = patient - performance.now();
      const idle = [oldest, ...others].find((candidate) => candidate.idle);
      const victim = idle ?? (left <= 0 ? oldest : undefined);
      await victim?.unload('room');
      // Nothing has changed where it is just being replaced, after its device was lost.
      if (victim === undefined || this.#residents.has(victim)) await this.#change(Math.max(left, 50));
    }
  }

  /** The guess was too small: others go now, but for this one nobody is interrupted. */
  async #trim(resident: Resident): Promise<void> {
    const { maxModelMemory } = this.#limits;
    if (maxModelMemory === 0) return;
    for (const candidate of this.#candidates(resident)) {
      if (this.#total() <= maxModelMemory) return;
      if (candidate.idle) await candidate.unload('room');
    }
    if (this.#total() <= maxModelMemory) return;
    const fields = { model: resident.name, bytes: this.#total(), max_model_memory: maxModelMemory };
    this.#log.warn(fields, 'the models in memory take more than they may');
  }

  /** Those that may go, the one used least recently first. */
  #candidates(except: Resident): Resident[] {
    const others = [...this.#residents.keys()].filter((resident) => resident !== except && !resident.pinned);
    return others.sort((a, b) => a.lastUsed - b.lastUsed);
  }

  #total(): number {
    return [...this.#residents.values()].reduce((sum, bytes) => sum + bytes, 0);
  }

  #expected(resident: Resident): number {
    return this.#measured.get(resident) ?? fileFactor * fileBytes(resident) + inferenceBytes;
  }

  /** Resolves at the next change, or after so long. */
  async #change(milliseconds: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = undefined;
  }
}

function fileBytes({ weightsPath }: Resident): number {
  return weightsPath === null ? 0 : (statSync(weightsPath, { throwIfNoEntry: false })?.size ?? 0);
}

function noRoom({ name }: Resident): ZmdetectError {
  return new ZmdetectError('MODEL_NO_ROOM', { name });
}
