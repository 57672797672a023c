/** How far the detections of two processors lie apart. */
import type { Box } from '../detection/detection.js';
import { boxArea, boxOverlap } from '../detection/geometry.js';

export interface Found {
  readonly label: string;
  readonly confidence: number;
  /** Pixels of the picture. */
  readonly box: Box;
}

export interface Comparison {
  /** Every detection of one has its pair in the other, but for those that stand on the threshold. */
  readonly labels_equal: boolean;
  /** Largest distance of two sides that belong together, in pixels. */
  readonly max_box_difference: number;
  readonly max_confidence_difference: number;
  readonly only_cpu: readonly Found[];
  readonly only_gpu: readonly Found[];
}

/** A last bit decides on which side of the threshold such a detection falls. */
const onThreshold = 0.02;

/** Pairs each detection with the one of its label that overlaps it most; both lists are best first. */
export function compare(cpu: readonly Found[], gpu: readonly Found[], minConfidence: number): Comparison {
  const left = new Set(gpu);
  const pairs: (readonly [Found, Found])[] = [];
  const onlyCpu: Found[] = [];
  for (const found of cpu) {
    const twin = nearest(found, left);
    if (twin === undefined) onlyCpu.push(found);
    else {
      left.delete(twin);
      pairs.push([found, twin]);
    }
  }
  const alone = [...onlyCpu, ...left];
  return {
    labels_equal: alone.every(({ confidence }) => confidence < minConfidence + onThreshold),
    max_box_difference: Math.max(0, ...pairs.flatMap(([a, b]) => a.box.map((side, i) => Math.abs(side - at(b, i))))),
    max_confidence_difference: Math.max(0, ...pairs.map(([a, b]) => Math.abs(a.confidence - b.confidence))),
    only_cpu: onlyCpu,
    only_gpu: [...left],
  };
}

function nearest(found: Found, others: Iterable<Found>): Found | undefined {
  let best: Found | undefined;
  let most = 0.5;
  for (const other of others) {
    const overlap = other.label === found.label ? iou(found, other) : 0;
    if (overlap > most) [best, most] = [other, overlap];
  }
  return best;
}

/** Intersection over union. */
function iou({ box: a }: Found, { box: b }: Found): number {
  const both = boxOverlap(a, b) ?? 0;
  return both === 0 ? 0 : both / (boxArea(a) + boxArea(b) - both);
}

function at({ box }: Found, index: number): number {
  return box[index] ?? 0;
}
