/** The settings of a model and of a detector, of what kind each is, whatever its key is called. */
import {
  type DetectorConfig,
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
import { darknetEngines, int8Precisions, tensorrtModes } from '../detection/runtime.js';
import type { MappingReader } from './reader.js';

type Kind<T> = (reader: MappingReader, key: string) => T | undefined;
type Kinds<T> = { readonly [K in keyof T]-?: Kind<NonNullable<T[K]>> };

const text: Kind<string> = (reader, key) => reader.text(key);
const secret: Kind<string> = (reader, key) => reader.text(key, { secret: true });
const flag: Kind<boolean> = (reader, key) => reader.flag(key);
const whole: Kind<number> = (reader, key) => reader.integer(key, { min: 0 });
const real: Kind<number> = (reader, key) => reader.real(key);
const texts: Kind<readonly string[]> = (reader, key) => reader.texts(key);
const groups: Kind<readonly (readonly string[])[]> = (reader, key) => reader.groups(key);
const choice =
  <T extends string>(words: readonly T[]): Kind<T> =>
  (reader, key) =>
    reader.choice(key, words);
const textByKey: Kind<Readonly<Record<string, string>>> = (reader, key) => {
  if (!reader.has(key)) return undefined;
  const inner = reader.inner(key);
  return Object.fromEntries(inner.keys.flatMap((name) => [[name, inner.text(name) ?? '']]));
};
const free: Kind<Readonly<Record<string, unknown>>> = (reader, key) => {
  if (!reader.has(key)) return undefined;
  const inner = reader.inner(key);
  return Object.fromEntries(inner.keys.map((name) => [name, inner.raw(name)]));
};

const modelKinds: Kinds<ModelConfig> = {
  name: text,
  enabled: flag,
  type: choice(modelTypes),
  framework: choice(frameworks),
  processor: choice(processors),
  weights: text,
  config: text,
  labels: text,
  minConfidence: real,
  pattern: text,
  maxDetectionSize: text,
  modelWidth: whole,
  modelHeight: whole,
  knownFacesDir: text,
  unknownFacesDir: text,
  saveUnknownFaces: flag,
  saveUnknownFacesLeewayPixels: whole,
  faceModel: text,
  faceTrainModel: text,
  faceRecogDistThreshold: real,
  faceNumJitters: whole,
  faceUpsampleTimes: whole,
  alprService: text,
  alprKey: secret,
  alprUrl: text,
  platerecMinDscore: real,
  platerecMinScore: real,
  birdnetLat: real,
  birdnetLon: real,
  birdnetMinConf: real,
  birdnetSensitivity: real,
  birdnetOverlap: real,
  awsRegion: text,
  awsAccessKeyId: secret,
  awsSecretAccessKey: secret,
  disableLocks: flag,
  maxLockWait: whole,
  maxProcesses: whole,
  preExistingLabels: texts,
  options: free,
  allowCpuFallback: flag,
  gpuRetrySeconds: whole,
  layout: choice(layouts),
  boxes: choice(boxUnits),
  colour: choice(colours),
  scale: choice(scales),
  fit: choice(fits),
  darknetEngine: choice(darknetEngines),
  gpuDevice: whole,
  gpuMemoryLimitBytes: whole,
  tensorrt: choice(tensorrtModes),
  tensorrtCache: text,
  cudaGraph: flag,
  int8Precision: choice(int8Precisions),
};

const overrideKinds: Kinds<TypeOverrides> = {
  matchStrategy: choice(matchStrategies),
  maxDetectionSize: text,
  matchPastDetections: flag,
  pastDetMaxDiffArea: text,
  pastDetMaxDiffAreaLabels: textByKey,
  ignorePastDetectionLabels: texts,
  aliases: groups,
};

const detectorKinds: Kinds<Omit<DetectorConfig, 'models'>> = {
  ...overrideKinds,
  frameStrategy: choice(frameStrategies),
  pattern: text,
  zoneMatchStrategy: choice(zoneMatchStrategies),
  imagePath: text,
  monitorId: text,
  typeOverrides: (reader, key) => {
    if (!reader.has(key)) return undefined;
    const inner = reader.inner(key);
    const read = modelTypes.flatMap((type) => (inner.has(type) ? [[type, readOverrides(inner.inner(type))]] : []));
    inner.warnOfUnread(modelTypes);
    return Object.fromEntries(read) as DetectorConfig['typeOverrides'];
  },
};

/** The keys under which a property may stand, the first that does wins; none: it cannot be set here. */
export type KeysOf<T> = (property: keyof T & string) => readonly string[];

const sameKey = (property: string): readonly string[] => [property];

/** Only what the mapping says. */
export function readModel(reader: MappingReader, keysOf: KeysOf<ModelConfig> = sameKey): Partial<ModelConfig> {
  return readAll(reader, modelKinds, keysOf);
}

export function readOverrides(reader: MappingReader, keysOf: KeysOf<TypeOverrides> = sameKey): TypeOverrides {
  return readAll(reader, overrideKinds, keysOf);
}

export function readDetector(
  reader: MappingReader,
  keysOf: KeysOf<Omit<DetectorConfig, 'models'>> = sameKey,
): Partial<DetectorConfig> {
  return readAll(reader, detectorKinds, keysOf);
}

function readAll<T extends object>(reader: MappingReader, kinds: Kinds<T>, keysOf: KeysOf<T>): Partial<T> {
  const result: Partial<T> = {};
  for (const property of Object.keys(kinds) as (keyof T & string)[]) {
    const [key] = keysOf(property).filter((name) => reader.has(name));
    const value = key === undefined ? undefined : kinds[property](reader, key);
    if (value !== undefined) result[property] = value;
  }
  return result;
}
