/** The nouns of detection that every other part shares. */

/** Corners in pixels of the upright, full-size picture: x1, y1 (top left), x2, y2. Not clamped to the picture. */
export type Box = readonly [x1: number, y1: number, x2: number, y2: number];

/** A picture's size in pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

export type ModelType = 'object' | 'face' | 'alpr' | 'audio';

export interface Detection {
  readonly label: string;
  /** 0..1, a float32 widened to a double; never rounded. */
  readonly confidence: number;
  readonly box: Box;
  readonly modelName: string;
  /** Fixed by the backend, not by the configured type: YOLO and Coral always say `object`. */
  readonly type: ModelType;
}

/** What one frame holds after the pipeline; `errorBoxes` are the boxes that zones rejected. */
export interface FrameResult {
  readonly frameId: string | null;
  readonly detections: readonly Detection[];
  readonly errorBoxes: readonly Box[];
  /** null when no frame survived. */
  readonly size: Size | null;
}
