/** The keys of `detector_config`: pyzm's DetectorConfig, its model entries and its overrides by model type. */
import {
  type DetectorConfig,
  defaultDetectorConfig,
  defaultModelConfig,
  frameStrategies,
  frameworks,
  type ModelConfig,
  matchStrategies,
  modelTypes,
  processors,
  type TypeOverrides,
  zoneMatchStrategies,
} from '../detection/config.js';
import { boxUnits, colours, fits, layouts, scales } from '../detection/reading.js';
import {
  choice,
  dictionary,
  type Field,
  flag,
  freeMapping,
  integer,
  list,
  mapping,
  nullable,
  real,
  type Shape,
  text,
} from './fields.js';
import { runtimeOverridesShape } from './runtime-schema.js';

/** A nameless entry has the name ''. */
const modelName: Field<string> = nullable(text).transform((value) => (value === null ? '' : value));

/** Upstream reads 0 as "not said". */
const networkSide: Field<number | null> = nullable(integer({ min: 0 })).transform((side) => (side === 0 ? null : side));

export const modelShape: Shape<ModelConfig> = {
  name: modelName,
  enabled: flag,
  type: choice(modelTypes),
  framework: choice(frameworks),
  processor: choice(processors),
  weights: nullable(text),
  config: nullable(text),
  labels: nullable(text),
  minConfidence: real(),
  pattern: text,
  maxDetectionSize: nullable(text),
  modelWidth: networkSide,
  modelHeight: networkSide,
  knownFacesDir: nullable(text),
  unknownFacesDir: nullable(text),
  saveUnknownFaces: flag,
  saveUnknownFacesLeewayPixels: integer(),
  faceModel: text,
  faceTrainModel: text,
  faceRecogDistThreshold: real(),
  faceNumJitters: integer(),
  faceUpsampleTimes: integer(),
  alprService: nullable(text),
  alprKey: nullable(text),
  alprUrl: nullable(text),
  platerecMinDscore: real(),
  platerecMinScore: real(),
  birdnetLat: real(),
  birdnetLon: real(),
  birdnetMinConf: real(),
  birdnetSensitivity: real(),
  birdnetOverlap: real(),
  awsRegion: text,
  awsAccessKeyId: nullable(text),
  awsSecretAccessKey: nullable(text),
  disableLocks: flag,
  maxLockWait: integer(),
  maxProcesses: integer(),
  preExistingLabels: list(text),
  options: freeMapping,
  allowCpuFallback: flag,
  gpuRetrySeconds: integer({ min: 0 }),
  layout: nullable(choice(layouts)),
  boxes: nullable(choice(boxUnits)),
  colour: nullable(choice(colours)),
  scale: nullable(choice(scales)),
  fit: nullable(choice(fits)),
  ...runtimeOverridesShape,
};

const textByLabel = dictionary(text);

export const overridesShape: Shape<TypeOverrides> = {
  matchStrategy: nullable(choice(matchStrategies)),
  maxDetectionSize: nullable(text),
  matchPastDetections: nullable(flag),
  pastDetMaxDiffArea: nullable(text),
  pastDetMaxDiffAreaLabels: textByLabel,
  ignorePastDetectionLabels: nullable(list(text)),
  aliases: nullable(list(list(text))),
};

export const detectorShape: Shape<DetectorConfig> = {
  models: list(mapping<ModelConfig>(modelShape, defaultModelConfig)),
  matchStrategy: choice(matchStrategies),
  frameStrategy: choice(frameStrategies),
  maxDetectionSize: nullable(text),
  pattern: text,
  zoneMatchStrategy: choice(zoneMatchStrategies),
  matchPastDetections: flag,
  pastDetMaxDiffArea: text,
  pastDetMaxDiffAreaLabels: textByLabel,
  ignorePastDetectionLabels: list(text),
  aliases: list(list(text)),
  imagePath: text,
  monitorId: nullable(text),
  typeOverrides: dictionary(
    mapping<TypeOverrides>(overridesShape, () => ({})),
    modelTypes,
  ),
};

export const detectorConfig: Field<DetectorConfig> = mapping<DetectorConfig>(detectorShape, defaultDetectorConfig);
