/** zmdetect as a library: what pictures and ZoneMinder's events hold. docs/guides/library.md shows how. */
import path from 'node:path';

import { packageRoot } from './package-root.js';

export { Detector } from './client/detector.js';
export type { MlOptions } from './client/ml-sequence.js';
export { readStreamSequence } from './client/stream.js';
export type {
  AnnotateOptions,
  DetectEventOptions,
  DetectionResult,
  DetectionZone,
  DetectOptions,
  DetectorOptions,
  EventSource,
  Frame,
  GatewayOptions,
  ModelOptions,
  PictureSource,
  StreamConfig,
} from './client/types.js';
export * from './client/zoneminder/client.js';
export type { FrameStrategy, MatchStrategy, Processor, ZoneMatchStrategy } from './detection/config.js';
export type { Box, Detection, ModelType, Size } from './detection/detection.js';
export type { ResultJson } from './detection/wire.js';
export { type ErrorCode, type ErrorRow, errorTable, ZmdetectError } from './errors.js';
export type { Log, LogMethod } from './log.js';

/** The small model that comes with the package. It knows drawn shapes only: it proves an installation. */
export const embeddedModel = path.join(packageRoot, 'models', 'default.onnx');

/** A picture of such shapes. */
export { samplePicture } from './package-root.js';
