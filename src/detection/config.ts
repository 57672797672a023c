/** What a detector is told to do: the fields of pyzm's `DetectorConfig` and of its model entries, with their defaults. */
import type { ModelType } from './detection.js';
import { type ModelReading, readAsTheFileSays } from './reading.js';
import { noRuntimeOverrides, type RuntimeOverrides } from './runtime.js';

export const modelTypes = ['object', 'face', 'alpr', 'audio'] as const satisfies readonly ModelType[];

/** Which list wins when several models of one type look at one frame. */
export const matchStrategies = ['first', 'most', 'most_unique', 'union'] as const;
export type MatchStrategy = (typeof matchStrategies)[number];

/** Which frame of an event wins. */
export const frameStrategies = ['first', 'first_new', 'most', 'most_unique', 'most_models'] as const;
export type FrameStrategy = (typeof frameStrategies)[number];

/** Which of the zones that a box touches decides about it. */
export const zoneMatchStrategies = ['any_matching', 'first_intersecting', 'largest_overlap'] as const;
export type ZoneMatchStrategy = (typeof zoneMatchStrategies)[number];

export const processors = ['cpu', 'gpu', 'tpu'] as const;
export type Processor = (typeof processors)[number];

/** What may stand under `framework`; docs/reference/models.md says which of them run here. */
export const frameworks = [
  'opencv',
  'coral_edgetpu',
  'face_dlib',
  'face_tpu',
  'plate_recognizer',
  'openalpr',
  'aws_rekognition',
  'virelai',
  'hog',
  'birdnet',
] as const;

export interface ModelConfig extends RuntimeOverrides, ModelReading {
  readonly name: string;
  readonly enabled: boolean;
  readonly type: ModelType;
  readonly framework: string;
  readonly processor: Processor;
  /** Paths of the network, its description (`.cfg`) and its label list. */
  readonly weights: string | null;
  readonly config: string | null;
  readonly labels: string | null;
  /** 0..1. */
  readonly minConfidence: number;
  /** Python regular expression, matched from the start of the label. */
  readonly pattern: string;
  /** An area: `<number>`, `<number>px` or `<number>%` (of the picture). null: no limit. */
  readonly maxDetectionSize: string | null;
  /** Network input in pixels; null: as the model says. */
  readonly modelWidth: number | null;
  readonly modelHeight: number | null;
  readonly knownFacesDir: string | null;
  readonly unknownFacesDir: string | null;
  readonly saveUnknownFaces: boolean;
  readonly saveUnknownFacesLeewayPixels: number;
  readonly faceModel: string;
  readonly faceTrainModel: string;
  readonly faceRecogDistThreshold: number;
  readonly faceNumJitters: number;
  readonly faceUpsampleTimes: number;
  readonly alprService: string | null;
  readonly alprKey: string | null;
  readonly alprUrl: string | null;
  readonly platerecMinDscore: number;
  readonly platerecMinScore: number;
  /** Degrees; -1: unknown. */
  readonly birdnetLat: number;
  readonly birdnetLon: number;
  readonly birdnetMinConf: number;
  readonly birdnetSensitivity: number;
  /** Seconds. */
  readonly birdnetOverlap: number;
  readonly awsRegion: string;
  readonly awsAccessKeyId: string | null;
  readonly awsSecretAccessKey: string | null;
  readonly disableLocks: boolean;
  /** Seconds. */
  readonly maxLockWait: number;
  readonly maxProcesses: number;
  /** Run only when one of these labels was found before; empty: always run. */
  readonly preExistingLabels: readonly string[];
  /** Keys that no other field takes. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Whether a model may go on without its accelerator. */
  readonly allowCpuFallback: boolean;
  /** Seconds between attempts to get the accelerator back. */
  readonly gpuRetrySeconds: number;
}

/** What one model type does differently. Absent or null: as the detector says. */
export interface TypeOverrides {
  readonly matchStrategy?: MatchStrategy | null | undefined;
  readonly maxDetectionSize?: string | null | undefined;
  readonly matchPastDetections?: boolean | null | undefined;
  readonly pastDetMaxDiffArea?: string | null | undefined;
  readonly pastDetMaxDiffAreaLabels?: Readonly<Record<string, string>> | null | undefined;
  readonly ignorePastDetectionLabels?: readonly string[] | null | undefined;
  readonly aliases?: readonly (readonly string[])[] | null | undefined;
}

export interface DetectorConfig {
  readonly models: readonly ModelConfig[];
  readonly matchStrategy: MatchStrategy;
  readonly frameStrategy: FrameStrategy;
  /** An area: `<number>`, `<number>px` or `<number>%` (of the picture). null: no limit. */
  readonly maxDetectionSize: string | null;
  /** Python regular expression, matched from the start of the label. */
  readonly pattern: string;
  readonly zoneMatchStrategy: ZoneMatchStrategy;
  readonly matchPastDetections: boolean;
  /** How far a thing may have moved and still be the old one: an area as above, `%` of the compared box. */
  readonly pastDetMaxDiffArea: string;
  /** The same for single labels. */
  readonly pastDetMaxDiffAreaLabels: Readonly<Record<string, string>>;
  readonly ignorePastDetectionLabels: readonly string[];
  /** Groups of labels that mean one thing; the first of a group stands for all. */
  readonly aliases: readonly (readonly string[])[];
  /** Directory where past detections are kept. */
  readonly imagePath: string;
  readonly monitorId: string | null;
  readonly typeOverrides: Readonly<Partial<Record<ModelType, TypeOverrides>>>;
}

export function defaultModelConfig(): ModelConfig {
  return {
    name: '',
    enabled: true,
    type: 'object',
    framework: 'opencv',
    processor: 'cpu',
    weights: null,
    config: null,
    labels: null,
    minConfidence: 0.3,
    pattern: '.*',
    maxDetectionSize: null,
    modelWidth: null,
    modelHeight: null,
    knownFacesDir: null,
    unknownFacesDir: null,
    saveUnknownFaces: false,
    saveUnknownFacesLeewayPixels: 0,
    faceModel: 'cnn',
    faceTrainModel: 'cnn',
    faceRecogDistThreshold: 0.6,
    faceNumJitters: 1,
    faceUpsampleTimes: 1,
    alprService: null,
    alprKey: null,
    alprUrl: null,
    platerecMinDscore: 0.1,
    platerecMinScore: 0.2,
    birdnetLat: -1,
    birdnetLon: -1,
    birdnetMinConf: 0.25,
    birdnetSensitivity: 1,
    birdnetOverlap: 0,
    awsRegion: 'us-east-1',
    awsAccessKeyId: null,
    awsSecretAccessKey: null,
    disableLocks: false,
    maxLockWait: 120,
    maxProcesses: 1,
    preExistingLabels: [],
    options: {},
    allowCpuFallback: true,
    gpuRetrySeconds: 60,
    ...readAsTheFileSays(),
    ...noRuntimeOverrides(),
  };
}

export function defaultDetectorConfig(): DetectorConfig {
  return {
    models: [],
    matchStrategy: 'most',
    frameStrategy: 'most_models',
    maxDetectionSize: null,
    pattern: '.*',
    zoneMatchStrategy: 'any_matching',
    matchPastDetections: false,
    pastDetMaxDiffArea: '5%',
    pastDetMaxDiffAreaLabels: {},
    ignorePastDetectionLabels: [],
    aliases: [],
    imagePath: '/var/lib/zmeventnotification/images',
    monitorId: null,
    typeOverrides: {},
  };
}
