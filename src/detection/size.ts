/** Limits on the area of a box: `<number>` or `<number>px` in square pixels, `<number>%` of some area. */
import type { Detection, Size } from './detection.js';
import { boxArea } from './geometry.js';

export interface Area {
  readonly amount: number;
  readonly unit: 'px' | '%';
}

export interface SizeOutcome {
  readonly kept: readonly Detection[];
  /** What to log; null: nothing. */
  readonly warning: string | null;
}

/** null for what is no area: `50 %`, `5.%`, `-5`, `abc`. */
export function parseArea(text: string): Area | null {
  const found = /^(\d*\.?\d+)(px|%)?$/i.exec(text);
  return found ? { amount: Number(found[1]), unit: found[2] === '%' ? '%' : 'px' } : null;
}

/** In square pixels; `whole` is what 100 % are. */
export function areaInPixels({ amount, unit }: Area, whole: number): number {
  return unit === '%' ? (amount / 100) * whole : amount;
}

/**
 * Drops what is larger than the limit; a box of exactly the limit stays. No limit, a limit of 0 and one that cannot be
 * read (which leaves a warning) drop nothing.
 */
export function limitSize(detections: readonly Detection[], limit: string | null | undefined, size: Size): SizeOutcome {
  if (!limit) return { kept: detections, warning: null };
  const area = parseArea(limit);
  if (!area) return { kept: detections, warning: areaWarning('max_detection_size', limit) };
  const most = areaInPixels(area, size.width * size.height);
  return { kept: most > 0 ? detections.filter(({ box }) => boxArea(box) <= most) : detections, warning: null };
}

export function areaWarning(name: string, value: string): string {
  return `expected <number>, <number>px or <number>% for ${name}, got ${JSON.stringify(value)}`;
}
