/** Draws a result on its frame, on the threads of an engine of its own: the models may be on another host. */
import { type BoxMark, type Colour, Engine, type PolygonMark } from '../engine/engine.js';
import { percentOf } from './percent.js';
import type { AnnotateOptions, DetectionResult } from './types.js';

const found: Colour = [0, 200, 0];
const rejected: Colour = [220, 0, 0];
const outline: Colour = [255, 255, 255];

/** A JPEG of the upright picture's size. Errors: IMAGE_*, OPTION_INVALID for a quality outside 1 to 100. */
export async function annotated(
  picture: Buffer,
  { detections, errorBoxes }: Pick<DetectionResult, 'detections' | 'errorBoxes'>,
  options: AnnotateOptions,
): Promise<Buffer> {
  const marks: (BoxMark | PolygonMark)[] = [
    ...(options.zones ?? []).map(({ points }) => ({ polygon: points, colour: outline })),
    ...(options.errorBoxes === false ? [] : errorBoxes).map((box) => ({ box, text: '', colour: rejected })),
    ...detections.map(({ label, confidence, box }) => ({
      box,
      text: `${label} ${percentOf(confidence)}%`,
      colour: found,
    })),
  ];
  const engine = new Engine({ decodeThreads: 1 });
  try {
    return await engine.annotate(picture, marks, options.quality === undefined ? {} : { quality: options.quality });
  } finally {
    await engine.close();
  }
}
