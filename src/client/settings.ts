/** The options of a `Detector`, checked and completed. */
import { isAbsolute, parse } from 'node:path';

import { ConfigError, kind, show } from '../config/problems.js';
import { isMapping } from '../config/readers.js';
import {
  type DetectorConfig,
  defaultDetectorConfig,
  defaultModelConfig,
  type ModelConfig,
  type Processor,
  processors,
} from '../detection/config.js';
import { compilePattern } from '../detection/pattern.js';
import { redactUrl } from '../frames/url.js';
import type { Log } from '../log.js';
import { readDetector, readModel } from './entries.js';
import type { ConnectionSettings } from './gateway/connection.js';
import { standardErrorLog } from './log.js';
import { type Findings, MappingReader } from './reader.js';
import type { DetectorOptions } from './types.js';

export interface Settings {
  /** Names and entries; null: not said. */
  readonly models: readonly (string | ModelConfig)[] | null;
  readonly basePath: string;
  /** null: not said. */
  readonly processor: Processor | null;
  /** Filters and strategies; its own `models` are empty. */
  readonly config: DetectorConfig;
  /** null: everything runs in this process. */
  readonly gateway: ConnectionSettings | null;
  readonly gatewayMode: 'url' | 'image';
  readonly fallbackLocal: boolean;
  /** Sessions of each model in this process; 0: as many as measuring says. */
  readonly instances: number;
  readonly log: Log;
}

/** Throws ConfigError (CONFIG_INVALID) with one sentence for each problem, and PATTERN_INVALID. */
export function checkOptions(options: DetectorOptions): Settings {
  const findings: Findings = { problems: [], warnings: [] };
  const reader = new MappingReader(options, '', findings);
  const config: DetectorConfig = { ...defaultDetectorConfig(), ...readDetector(reader) };
  const settings: Settings = {
    models: modelsOf(reader, findings),
    basePath: reader.text('basePath') ?? '/var/lib/zmeventnotification/models',
    processor: reader.choice('processor', processors) ?? null,
    config,
    gateway: gatewayOf(reader),
    gatewayMode: reader.choice('gatewayMode', ['url', 'image']) ?? 'url',
    fallbackLocal: reader.flag('fallbackLocal') ?? false,
    instances: reader.integer('instances', { min: 0, max: 64 }) ?? 0,
    log: (reader.raw('log') as Log | undefined) ?? standardErrorLog,
  };
  reader.warnOfUnread();
  if (findings.problems.length > 0) throw new ConfigError(findings.problems);
  // A pattern that is none is told now, not in the night when the first event comes.
  compilePattern(config.pattern);
  for (const model of settings.models ?? []) if (typeof model !== 'string') compilePattern(model.pattern);
  for (const warning of findings.warnings) settings.log.warn(warning);
  return settings;
}

function gatewayOf(reader: MappingReader): ConnectionSettings | null {
  const url = reader.text('gateway')?.replace(/\/+$/, '') ?? '';
  const settings = {
    url,
    timeoutMs: (reader.real('gatewayTimeout', { min: 0.001, max: 86_400 }) ?? 60) * 1000,
    retryBusy: reader.flag('gatewayRetryBusy') ?? false,
    persistent: reader.flag('fallbackLocal') !== true,
    username: reader.text('gatewayUsername') ?? '',
    password: reader.text('gatewayPassword', { secret: true }) ?? '',
  };
  if (url === '') return null;
  if (!/^https?:$/.test(URL.canParse(url) ? new URL(url).protocol : '')) {
    reader.refuse('gateway', 'a URL such as "http://host:5000"', redactUrl(url));
    return null;
  }
  return settings;
}

function modelsOf(reader: MappingReader, findings: Findings): (string | ModelConfig)[] | null {
  const list = reader.list('models');
  if (list === undefined) return null;
  if (list.includes('all') && list.length > 1) reader.refuse('models', 'names of models or the word all by itself');
  return list.map((item, index) => {
    const name = `models[${index}]`;
    if (typeof item === 'string') return item;
    if (!isMapping(item)) {
      findings.problems.push(`expected a name or an entry for ${name}, got ${item === null ? kind(item) : show(item)}`);
      return '';
    }
    const entry = new MappingReader(item, name, findings);
    const model = { ...defaultModelConfig(), ...readModel(entry) };
    entry.warnOfUnread();
    return model;
  });
}

/** The entries that a server is asked for; null: what it chooses itself. Names need not be found on this host. */
export function askedModels({ models }: Settings): readonly ModelConfig[] | null {
  return models === null || models[0] === 'all' ? null : models.map(entryOf);
}

/** A server knows a model by the name that it is published under: of a file, that is its stem. */
function entryOf(item: string | ModelConfig): ModelConfig {
  if (typeof item !== 'string') return item;
  const cut = item.indexOf('=');
  const published = cut < 0 ? item : item.slice(0, cut).trim();
  const isFile = isAbsolute(published) && /\.(onnx|weights|tflite)$/i.test(published);
  return { ...defaultModelConfig(), name: isFile ? parse(published).name : published };
}
