/** The `ml_sequence` of an `objectconfig.yml` as options of a `Detector` (contract 6.10). */
import { ConfigError } from '../config/problems.js';
import { isMapping, snakeCase } from '../config/readers.js';
import { type DetectorConfig, frameworks, type ModelConfig, modelTypes } from '../detection/config.js';
import type { ModelType } from '../detection/detection.js';
import { type KeysOf, readDetector, readModel, readOverrides } from './entries.js';
import { type Findings, MappingReader } from './reader.js';
import type { DetectorOptions, GatewayOptions, ModelOptions } from './types.js';

/** As read from YAML or JSON. */
export type MlOptions = Readonly<Record<string, unknown>>;

export interface MlSequence {
  readonly options: DetectorOptions;
  /** Keys that are ignored and look like known ones. */
  readonly warnings: readonly string[];
}

/** Throws ConfigError (CONFIG_INVALID) with one sentence for each problem. */
export function readMlSequence(mlOptions: MlOptions): MlSequence {
  const findings: Findings = { problems: [], warnings: [] };
  const root = new MappingReader(mlOptions, '', findings);
  const general = root.inner('general');
  const config = readDetector(general, (property) => generalKeys[property] ?? [snakeCase(property)]);
  const sections = typesOf(general).flatMap((type) => (root.has(type) ? [new Section(root.inner(type), type)] : []));
  const models = sections.flatMap((section) => section.models(config, findings));
  const typeOverrides = Object.fromEntries(
    sections.flatMap(({ type, overrides }) => (Object.keys(overrides).length > 0 ? [[type, overrides]] : [])),
  );
  const gateway = gatewayOf(general);
  for (const key of [...labelKeys(general.keys), ...elsewhere]) general.has(key);
  general.warnOfUnread();
  for (const type of modelTypes) root.has(type);
  root.warnOfUnread();
  if (findings.problems.length > 0) throw new ConfigError(findings.problems);
  const options: DetectorOptions = {
    matchStrategy: 'first',
    ...config,
    ...areasByLabel(general),
    typeOverrides,
    ...gateway,
    // Without any entry it is not said which models are meant.
    ...(models.length === 0 ? {} : { models }),
  };
  return { options, warnings: findings.warnings };
}

const generalKeys: Partial<Record<keyof DetectorConfig, readonly string[]>> = {
  matchStrategy: ['same_model_sequence_strategy'],
  pastDetMaxDiffAreaLabels: [],
  typeOverrides: [],
};

/** Keys of `general` that other readers look at. */
const elsewhere = ['model_sequence', 'disable_locks', 'max_lock_wait', 'max_processes'];

/** The types that run, in order. Unknown words are passed over, as upstream does. */
function typesOf(general: MappingReader): ModelType[] {
  const words = general.texts('model_sequence') ?? ['object'];
  return words.flatMap((word) => modelTypes.find((type) => type === word) ?? []);
}

function gatewayOf(general: MappingReader): GatewayOptions {
  return {
    gateway: general.text('ml_gateway'),
    gatewayMode: general.choice('ml_gateway_mode', ['url', 'image']),
    gatewayTimeout: general.real('ml_timeout', { min: 0.001 }),
    gatewayUsername: general.text('ml_user'),
    gatewayPassword: general.text('ml_password', { secret: true }),
    fallbackLocal: general.flag('ml_fallback_local'),
  };
}

const areaKey = 'past_det_max_diff_area';

/** `car_past_det_max_diff_area` and its like. */
function labelKeys(keys: readonly string[]): string[] {
  return keys.filter((key) => key.endsWith(`_${areaKey}`));
}

function areasByLabel(reader: MappingReader): Pick<DetectorConfig, 'pastDetMaxDiffAreaLabels'> | object {
  const keys = labelKeys(reader.keys);
  if (keys.length === 0) return {};
  const areas = keys.map((key) => [key.slice(0, -areaKey.length - 1), reader.text(key) ?? ''] as const);
  return { pastDetMaxDiffAreaLabels: Object.fromEntries(areas) };
}

/** One model type: `general` for all its models, `sequence` for each. */
class Section {
  readonly type: ModelType;
  readonly overrides: object;
  readonly #reader: MappingReader;
  readonly #general: MappingReader;

  constructor(reader: MappingReader, type: ModelType) {
    this.type = type;
    this.#reader = reader;
    this.#general = reader.inner('general');
    this.overrides = {
      ...readOverrides(this.#general, (property) => generalKeys[property] ?? [snakeCase(property)]),
      ...areasByLabel(this.#general),
    };
  }

  models(config: Partial<DetectorConfig>, findings: Findings): ModelOptions[] {
    const pattern = this.#general.text('pattern') ?? config.pattern;
    const maxDetectionSize = this.#general.text('max_detection_size');
    const preExistingLabels = this.#general.texts('pre_existing_labels');
    const shared = {
      ...(pattern === undefined ? {} : { pattern }),
      ...(maxDetectionSize === undefined ? {} : { maxDetectionSize }),
      ...(preExistingLabels === undefined ? {} : { preExistingLabels }),
    };
    const entries = (this.#reader.list('sequence') ?? []).map((item, index) => {
      const entry = new MappingReader(item, this.#reader.nameOf(`sequence[${index}]`), findings);
      return { ...shared, ...this.#entry(entry, item) };
    });
    this.#general.warnOfUnread();
    this.#reader.warnOfUnread();
    return entries;
  }

  #entry(entry: MappingReader, item: unknown): ModelOptions {
    const framework = this.#framework(entry);
    const own = readModel(entry, keysOf(this.type));
    // What is left goes to the model as it is.
    const options = Object.fromEntries(
      isMapping(item) ? Object.entries(item).filter(([key]) => !entry.knows(key)) : [],
    );
    entry.warnOfUnread();
    return { ...own, type: this.type, framework, options };
  }

  #framework(entry: MappingReader): ModelConfig['framework'] {
    const key = this.type === 'face' ? 'face_detection_framework' : `${this.type}_framework`;
    const word = entry.raw(key);
    if (this.type === 'face' && (word === 'dlib' || word === 'tpu')) return `face_${word}`;
    return entry.choice(key, frameworks) ?? this.#defaultFramework(entry);
  }

  #defaultFramework(entry: MappingReader): ModelConfig['framework'] {
    if (this.type === 'audio') return 'birdnet';
    if (this.type !== 'alpr') return 'opencv';
    return entry.raw('alpr_service') === 'openalpr' ? 'openalpr' : 'plate_recognizer';
  }
}

/** Type, framework and pattern do not come from the entry alone. */
function keysOf(type: ModelType): KeysOf<ModelConfig> {
  const special: Partial<Record<keyof ModelConfig, readonly string[]>> = {
    type: [],
    framework: [],
    pattern: [],
    options: [],
    processor: [`${type}_processor`, 'object_processor'],
    weights: [`${type}_weights`],
    config: [`${type}_config`],
    labels: [`${type}_labels`],
    minConfidence: [`${type}_min_confidence`, 'object_min_confidence'],
    maxDetectionSize: ['max_detection_size', 'max_size'],
    knownFacesDir: ['known_images_path'],
    unknownFacesDir: ['unknown_images_path'],
    birdnetMinConf: ['birdnet_min_conf', 'birdnet_min_confidence'],
  };
  return (property) => special[property] ?? [snakeCase(property)];
}
