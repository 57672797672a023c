/** What was seen the last time, kept in pyzm's own file, so that a hook and this server may take turns (contract 6.9). */
import { rm } from 'node:fs/promises';
import path from 'node:path';

import type { DetectorConfig } from '../detection/config.js';
import type { Box, Detection } from '../detection/detection.js';
import { matchPast, type PastConfig, type PastDetections, wantsPast } from '../detection/past.js';
import { readLimited, replaceFile } from '../files.js';
import { limits } from '../limits.js';
import type { Log } from '../log.js';
import { PickleFault, readPickles, writePickle } from './pickle.js';

export type PastStoreConfig = PastConfig & Pick<DetectorConfig, 'imagePath' | 'monitorId'>;

export class PastStore {
  readonly #config: PastStoreConfig;
  readonly #file: string;
  readonly #wanted: boolean;
  /** What was said last about the file: a folder that is missing is missing for every frame. */
  #said: string | undefined;
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
      const bytes = await readLimited(this.#file, limits.pickleBytes.value);
      if (bytes.length > 0) return pastOf(readPickles(bytes));
      await rm(this.#file);
    } catch (error) {
      if (!isMissing(error)) this.#say(log, `past detections are unreadable: ${this.#reason(error)}`);
    }
    return [];
  }

  async #write(detections: readonly Detection[], log: Log): Promise<void> {
    const kept = detections.slice(0, limits.pastDetections.value);
    const boxes = writePickle(kept.map(({ box }) => box));
    const labels = writePickle(kept.map(({ label }) => label));
    try {
      await replaceFile(this.#file, Buffer.concat([boxes, labels]));
      this.#said = undefined;
    } catch (error) {
      this.#say(log, `past detections could not be saved: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  #reason(error: unknown): string {
    if (error instanceof PickleFault)
      return `${this.#file} is no list of boxes and labels (${error.message}): remove it`;
    const { code, message } = error as NodeJS.ErrnoException;
    return code === undefined
      ? `${message}: remove it`
      : `${this.#file} cannot be read (${code}): check its owner and mode`;
  }

  #say(log: Log, sentence: string): void {
    if (sentence !== this.#said) log.error(sentence);
    this.#said = sentence;
  }
}

/** The file's two values: boxes, and their labels. */
function pastOf([boxes, labels, ...rest]: readonly unknown[]): PastDetections {
  if (!Array.isArray(boxes) || !Array.isArray(labels) || boxes.length !== labels.length || rest.length > 0) {
    throw new PickleFault('expected a list of boxes and a list of as many labels');
  }
  const most = limits.pastDetections.value;
  if (boxes.length > most) throw new PickleFault(`more than ${most} boxes`);
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
