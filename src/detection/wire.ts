/** Results as ZoneMinder's clients read them. */
import type { Box, FrameResult, ModelType } from './detection.js';

/** Arrays run in parallel. Keys stand in the order in which they are written. */
export interface ResultJson {
  /** x1, y1, x2, y2 in pixels of the upright, full-size picture; not clamped to it. */
  readonly boxes: readonly Box[];
  readonly labels: readonly string[];
  /** 0..1, not rounded. */
  readonly confidences: readonly number[];
  /** null: no frame survived. */
  readonly frame_id: string | null;
  readonly image_dimensions: ImageDimensionsJson;
  /** Boxes that zones rejected. */
  readonly error_boxes: readonly Box[];
  readonly model_names: readonly string[];
  readonly detection_types: readonly ModelType[];
  readonly polygons: readonly never[];
}

/** Height first. Empty when no frame survived. */
export type ImageDimensionsJson =
  | { readonly original: readonly [height: number, width: number]; readonly resized: null }
  | Readonly<Record<string, never>>;

export interface UrlsReplyJson extends ResultJson {
  readonly results: readonly ResultJson[];
}

/** One detection of `/infer`. */
interface InferDetectionJson {
  readonly label: string;
  readonly confidence: number;
  readonly box: Box;
  readonly type: ModelType;
  readonly model_name: string;
}

/** The answer of `/infer`: one model, one frame, before zones. */
export interface InferReplyJson {
  readonly detections: readonly InferDetectionJson[];
  /** Why the model was not asked; a client skips the model and does not fall back to its own. */
  readonly error: string | null;
}

export const emptyFrame: FrameResult = { frameId: null, detections: [], errorBoxes: [], size: null };

export function resultJson({ frameId, detections, errorBoxes, size }: FrameResult): ResultJson {
  return {
    boxes: detections.map(({ box }) => box),
    labels: detections.map(({ label }) => label),
    confidences: detections.map(({ confidence }) => confidence),
    frame_id: frameId,
    image_dimensions: size ? { original: [size.height, size.width], resized: null } : {},
    error_boxes: errorBoxes,
    model_names: detections.map(({ modelName }) => modelName),
    detection_types: detections.map(({ type }) => type),
    polygons: [],
  };
}

/**
 * The reply to URL mode for clients of every generation: older ones read the best frame at the top, newer ones rank
 * `results` themselves.
 *
 * @param best after zones; null when no frame survived
 * @param all every analysed frame in the order of the request, before zones: their `error_boxes` are always empty
 */
export function urlsReply(best: FrameResult | null, all: readonly FrameResult[]): UrlsReplyJson {
  const results = all.map((frame) => resultJson({ ...frame, errorBoxes: [] }));
  return { ...resultJson(best ?? emptyFrame), results };
}
