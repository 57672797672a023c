/** The best of several frames: the same way for every runner of models, local or not. */
import { setTimeout as wait } from 'node:timers/promises';

import type { FrameStrategy } from '../detection/config.js';
import type { FrameResult, Size } from '../detection/detection.js';
import { chooseFrame, stopsAtFirstMatch } from '../detection/strategy.js';
import type { Zone } from '../detection/zones.js';
import { MissCounter, retryMissing } from '../frames/retry.js';
import { mapFrames } from '../frames/window.js';
import type { Log } from '../log.js';
import type { FrameSelector } from '../pipeline/selector.js';
import type { Seen, Unseen } from './call.js';
import type { StreamConfig } from './types.js';

export type Look = (index: number, signal: AbortSignal) => Promise<Seen | Unseen>;

export interface Candidate extends FrameResult, Pick<Seen, 'ranOn' | 'picture'> {
  readonly size: Size;
}

export type Patience = Pick<
  StreamConfig,
  'delay' | 'delayBetweenFrames' | 'maxAttempts' | 'sleepBetweenAttempts' | 'contigFramesBeforeError'
>;

export interface BestFrameOptions {
  readonly strategy: FrameStrategy;
  readonly zones: readonly Zone[];
  readonly selector: FrameSelector;
  readonly patience: Patience;
  readonly log: Log;
  readonly signal: AbortSignal;
}

export interface BestFrame {
  /** null when no frame could be looked at. */
  readonly best: Candidate | null;
  readonly unseen: readonly Unseen[];
}

/** Frames looked at side by side, where none of them may make the others needless. */
const concurrency = 4;

/**
 * Looks at frames in their order and chooses one by the strategy. Rejects with whatever `look` rejects with, and with
 * the signal's reason; a frame that `look` resolves to be unseen is left out.
 */
export async function bestFrame(
  frameIds: readonly string[],
  look: Look,
  { strategy, zones, selector, patience, log, signal }: BestFrameOptions,
): Promise<BestFrame> {
  const oneByOne = stopsAtFirstMatch(strategy) || patience.delayBetweenFrames > 0;
  const misses = new MissCounter(patience.contigFramesBeforeError);
  const seen: Candidate[] = [];
  const unseen: Unseen[] = [];
  const work = async (index: number, stop: AbortSignal) => {
    const seconds = index === 0 ? patience.delay : patience.delayBetweenFrames;
    if (seconds > 0) await wait(seconds * 1000, undefined, { signal: stop });
    return retryMissing((still) => look(index, still), patience, stop);
  };
  let index = 0;
  const window = { concurrency: oneByOne ? 1 : concurrency, window: oneByOne ? 1 : 2 * concurrency, signal };
  for await (const frame of mapFrames([...frameIds.keys()], work, window)) {
    const frameId = frameIds[index] ?? '';
    index += 1;
    if (frame.ok) {
      const { analysis, ranOn, picture } = frame;
      const { kept, errorBoxes } = await selector.select(analysis.detections, zones, log);
      seen.push({ frameId, detections: kept, errorBoxes, size: analysis.size, ranOn, picture });
      if (stopsAtFirstMatch(strategy) && kept.length > 0) break;
    } else {
      unseen.push(frame);
      log.warn({ frame_id: frameId, reason: frame.reason }, 'frame skipped');
    }
    if (misses.isEnough(frame)) break;
  }
  return { best: chooseFrame(strategy, seen), unseen };
}
