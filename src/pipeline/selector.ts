/** The last two steps of a frame's way (contract 6.2), which need no engine: zones, then what was there the last time. */
import type { DetectorConfig } from '../detection/config.js';
import type { Box, Detection, Size } from '../detection/detection.js';
import { applyZones, type Zone } from '../detection/zones.js';
import type { Log } from '../log.js';
import { PastStore, type PastStoreConfig } from './past-store.js';

/** What one frame holds, before zones. */
export interface Analysis {
  readonly detections: readonly Detection[];
  readonly size: Size;
}

/** A frame's detections without those that were there the last time. */
export interface Selection {
  /** Whatever the zones say. */
  readonly all: readonly Detection[];
  /** What the zones keep. */
  readonly kept: readonly Detection[];
  /** What the zones reject, new or not. */
  readonly errorBoxes: readonly Box[];
}

export class FrameSelector {
  readonly #config: Pick<DetectorConfig, 'zoneMatchStrategy'>;
  readonly #past: PastStore;

  constructor(config: PastStoreConfig & Pick<DetectorConfig, 'zoneMatchStrategy'>) {
    this.#config = config;
    this.#past = new PastStore(config);
  }

  /**
   * Frames are to be brought one after the other in their order, since each is compared with the one before; what the
   * next is compared with is what the zones keep.
   */
  async select(detections: readonly Detection[], zones: readonly Zone[], log: Log): Promise<Selection> {
    const { kept, errorBoxes } = applyZones(detections, zones, this.#config.zoneMatchStrategy);
    const fresh = await this.#past.onlyNew(detections, kept, log);
    const isFresh = (detection: Detection) => fresh.has(detection);
    return { all: detections.filter(isFresh), kept: kept.filter(isFresh), errorBoxes };
  }
}
