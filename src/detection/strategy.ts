/** Which of several models' lists wins for a frame, and which of several frames wins for an event. */
import type { FrameStrategy, MatchStrategy } from './config.js';
import type { Detection, FrameResult } from './detection.js';

/**
 * The detections of one model type out of its models' lists, which stand in model order. Of equal lists the earlier
 * wins; no list, or only empty ones: nothing.
 */
export function chooseDetections(
  strategy: MatchStrategy,
  lists: readonly (readonly Detection[])[],
): readonly Detection[] {
  switch (strategy) {
    case 'first':
      return lists.find((list) => list.length > 0) ?? [];
    case 'most':
      return best(lists, (list) => [list.length]) ?? [];
    case 'most_unique':
      return best(lists, (list) => [countDistinct(list, 'label')]) ?? [];
    case 'union':
      return lists.flat();
  }
}

/**
 * The frame of an event, out of its frames in order; null when there are none. `first_new` differs from `first` only
 * by past detections having been dropped before. Where no frame has a detection, the first frame wins.
 */
export function chooseFrame<Frame extends Pick<FrameResult, 'detections'>>(
  strategy: FrameStrategy,
  frames: readonly Frame[],
): Frame | null {
  return best(frames, ({ detections }) => frameRank(strategy, detections));
}

/** Whether the first frame with a detection is the answer, so that later frames need not be looked at. */
export function stopsAtFirstMatch(strategy: FrameStrategy): boolean {
  return strategy === 'first' || strategy === 'first_new';
}

function frameRank(strategy: FrameStrategy, detections: readonly Detection[]): readonly number[] {
  const confidence = detections.reduce((sum, detection) => sum + detection.confidence, 0);
  switch (strategy) {
    case 'first':
    case 'first_new':
      return [Math.min(1, detections.length)];
    case 'most':
      return [detections.length, confidence];
    case 'most_unique':
      return [countDistinct(detections, 'label'), confidence];
    case 'most_models':
      return [countDistinct(detections, 'modelName'), detections.length, confidence];
  }
}

function countDistinct(detections: readonly Detection[], key: 'label' | 'modelName'): number {
  return new Set(detections.map((detection) => detection[key])).size;
}

/** The earliest of the highest rank; ranks are compared from the left. */
function best<T>(items: readonly T[], rankOf: (item: T) => readonly number[]): T | null {
  const [first, ...rest] = items;
  if (first === undefined) return null;
  let winner: T = first;
  let highest = rankOf(winner);
  for (const item of rest) {
    const rank = rankOf(item);
    const place = rank.findIndex((value, index) => value !== highest[index]);
    if (place >= 0 && (rank[place] ?? 0) > (highest[place] ?? 0)) [winner, highest] = [item, rank];
  }
  return winner;
}
