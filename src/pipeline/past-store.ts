/** What was seen the last time, kept in pyzm's own file, so that a hook and this server may take turns (contract 6.9). */
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

import type { DetectorConfig } from '../detection/config.js';
import type { Box, Detection } from '../detection/detection.js';
import { matchPast, type PastConfig, type PastDetections, wantsPast } from '../detection/past.js';
import type { Log } from '../log.js';
import { PickleFault, readPickles, writePickle } from './pickle.js';

export type PastStoreConfig = PastConfig & Pick<DetectorConfig, 'imagePath' | 'monitorId'>;

export class PastStore {
  readonly #config: PastStoreConfig;
  readonly #file: string;
  readonly #wanted: boolean;
  /** The end of the queue: each frame reads the file after the frame before it has written it. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(config: PastStoreConfig) {
    this.#config = config;
    this.#wanted = wantsPast(config);
    const monitor = config.monitorId === null ? '' : `_mid${config.monitorId}`;
    this.#file = path.join(config.imagePath, `past_detections${monitor}.pkl`);
  }

  /**
   * Compares `all` with what was seen the last time and resolves to those that are new. `counted`, a part of `all`,
   * takes the place of what was seen, unless it is empty. A file that cannot be read or written is logged, no error.
   */
  async onlyNew(all: readonly Detection[], counted: readonly Detection[], log: Log): Promise<ReadonlySet<Detection>> {
    if (!this.#wanted || all.length === 0) return new Set(all);
    const turn = this.#turn.then(() => this.#compare(all, counted, log));
    this.#turn = turn.catch(() => undefined);
    return await turn;
  }

  async #compare(all: readonly Detection[], counted: readonly Detection[], log: Log): Promise<ReadonlySet<Detection>> {
    const past = await this.#read(log);
    const { kept, warnings } = matchPast(all, past, this.#config);
    for (const warning of warnings) log.warn(warning);
    if (counted.length > 0) await this.#write(counted, log);
    return new Set(kept);
  }

  async #read(log: Log): Promise<PastDetections> {
    try {
      const bytes = await readFile(this.#file);
      if (bytes.length > 0) return pastOf(readPickles(bytes));
      await rm(this.#file);
    } catch (error) {
      if (!isMissing(error)) log.error({ file: this.#file, reason: reasonOf(error) }, 'past detections are unreadable');
    }
    return [];
  }

  /** Under another name first: a reader finds the old state or the new one, never a part. */
  async #write(detections: readonly Detection[], log: Log): Promise<void> {
    const boxes = writePickle(detections.map(({ box }) => box));
    const labels = writePickle(detections.map(({ label }) => label));
    const draft = `${this.#file}.${process.pid}.tmp`;
    try {
      await writeFile(draft, Buffer.concat([boxes, labels]));
      await rename(draft, this.#file);
    } catch (error) {
      log.error({ file: this.#file, reason: reasonOf(error) }, 'past detections could not be saved');
      await rm(draft, { force: true }).catch(() => undefined);
    }
  }
}

/** The file's two values: boxes, and their labels. */
function pastOf([boxes, labels, ...rest]: readonly unknown[]): PastDetections {
  if (!Array.isArray(boxes) || !Array.isArray(labels) || boxes.length !== labels.length || rest.length > 0) {
    throw new PickleFault('expected a list of boxes and a list of as many labels');
  }
  return boxes.map((box: unknown, index) => {
    const label: unknown = labels[index];
    if (!isBox(box) || typeof label !== 'string') throw new PickleFault(`entry ${index} is no box with a label`);
    return { box, label };
  });
}

function isBox(value: unknown): value is Box {
  return Array.isArray(value) && value.length === 4 && value.every((side) => Number.isFinite(side));
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
