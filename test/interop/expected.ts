/** What a client is to find, from the raw detections of each frame and the pure functions of src/detection. */
import type { Test } from 'tap';

import type { FrameStrategy } from '../../src/detection/config.js';
import type { Detection, FrameResult, Size } from '../../src/detection/detection.js';
import { compilePattern } from '../../src/detection/pattern.js';
import { chooseFrame } from '../../src/detection/strategy.js';
import { resultJson } from '../../src/detection/wire.js';
import { applyZones, parseConfigZones, rescaleZones } from '../../src/detection/zones.js';
import type { ClientResult, ClientZone } from './clients.js';

export interface RawFrame {
  readonly id: string;
  readonly detections: readonly Detection[];
  readonly size: Size;
}

export interface Wishes {
  readonly zones?: readonly ClientZone[] | undefined;
  /** Size on which the zones were drawn, where the frames were resized since. */
  readonly drawnOn?: Size;
  readonly pattern?: string;
  readonly minConfidence?: number;
}

export function filtered({ id, detections, size }: RawFrame, wishes: Wishes): FrameResult {
  const pattern = compilePattern(wishes.pattern ?? '.*');
  const { minConfidence = 0 } = wishes;
  const wanted = detections.filter(({ label, confidence }) => pattern.matches(label) && confidence >= minConfidence);
  const zones = rescaleZones(parseConfigZones(wishes.zones ?? []), wishes.drawnOn ?? size, size);
  const { kept, errorBoxes } = applyZones(wanted, zones);
  return { frameId: id, detections: kept, errorBoxes, size };
}

export function chosen(frames: readonly RawFrame[], strategy: FrameStrategy, wishes: Wishes = {}): FrameResult {
  const best = chooseFrame(
    strategy,
    frames.map((frame) => filtered(frame, wishes)),
  );
  if (best === null) throw new Error('no frame to choose from');
  return best;
}

/** Asserts that the client found exactly this. */
export function found(t: Test, result: ClientResult, frame: FrameResult, message = ''): void {
  const expected = resultJson(frame);
  for (const key of ['frame_id', 'labels', 'boxes', 'confidences', 'error_boxes', 'model_names'] as const) {
    t.strictSame(result[key], expected[key], `${message}: ${key}`);
  }
}

/** Asserts that two servers had the client find the same, as near as two inference engines can. */
export function agree(t: Test, ours: ClientResult, theirs: ClientResult, message = ''): void {
  for (const key of ['frame_id', 'labels', 'model_names', 'detection_types', 'image_dimensions'] as const) {
    t.strictSame(ours[key], theirs[key], `${message}: ${key} as upstream`);
  }
  for (const key of ['boxes', 'error_boxes'] as const) {
    t.equal(ours[key].length, theirs[key].length, `${message}: ${key} as upstream`);
    const off = ours[key].flatMap((box, i) => box.map((side, j) => Math.abs(side - (theirs[key][i]?.[j] ?? NaN))));
    t.ok(
      off.every((pixels) => pixels <= 1),
      `${message}: ${key} within a pixel of upstream`,
    );
  }
  const off = ours.confidences.map((value, i) => Math.abs(value - (theirs.confidences[i] ?? NaN)));
  t.ok(
    off.every((difference) => difference <= 1e-4),
    `${message}: confidences within 0.0001 of upstream`,
  );
}
