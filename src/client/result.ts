/** What a `Detector` gives back. */
import type { Box, Detection, FrameResult, Size } from '../detection/detection.js';
import { type ResultJson, resultJson } from '../detection/wire.js';
import { percentOf } from './percent.js';
import type { AnnotateOptions, DetectionResult } from './types.js';

export class FrameDetections implements DetectionResult {
  readonly frameId: string | null;
  readonly detections: readonly Detection[];
  readonly errorBoxes: readonly Box[];
  readonly imageDimensions: Size | null;
  readonly ranOn: 'local' | 'gateway';
  readonly #picture: () => Promise<Buffer>;

  constructor(frame: FrameResult, ranOn: 'local' | 'gateway', picture: () => Promise<Buffer>) {
    this.frameId = frame.frameId;
    this.detections = frame.detections;
    this.errorBoxes = frame.errorBoxes;
    this.imageDimensions = frame.size;
    this.ranOn = ranOn;
    this.#picture = picture;
  }

  get summary(): string {
    return this.detections.map(({ label, confidence }) => `${label}:${percentOf(confidence)}%`).join(' ');
  }

  picture(): Promise<Buffer> {
    return this.#picture();
  }

  async annotate(options: AnnotateOptions = {}): Promise<Buffer> {
    const { annotated } = await import('./annotate.js');
    return annotated(await this.#picture(), this, options);
  }

  toJSON(): ResultJson {
    const { frameId, detections, errorBoxes, imageDimensions: size } = this;
    return resultJson({ frameId, detections, errorBoxes, size });
  }
}
