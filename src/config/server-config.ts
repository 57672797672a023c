/** The server's settings: their keys, kinds, bounds and defaults, and the one way in for flags and files alike. */
import { z } from 'zod';
import { type DetectorConfig, type FrameStrategy, type Processor, processors } from '../detection/config.js';
import {
  hostEntry,
  isHostEntry,
  isNetworkEntry,
  type LoopbackChoice,
  loopbackChoices,
  networkEntry,
} from '../frames/policy.js';
import { defaultRuntimeChoices, type RuntimeChoices } from '../detection/runtime.js';
import { limits } from '../limits.js';
import { addressList } from './addresses.js';
import { detectorConfig } from './detector-schema.js';
import {
  choice,
  type Field,
  flag,
  integer,
  list,
  mapping,
  nullable,
  real,
  type Shape,
  secret,
  text,
} from './fields.js';
import { misspeltKeys } from './hints.js';
import { ConfigError, sentences } from './problems.js';
import { runtimeShape } from './runtime-schema.js';
import { isMapping } from './readers.js';
import { Secret } from './secret.js';

export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace';

export const httpEngines = ['node', 'hyper-express'] as const;
export type HttpEngineName = (typeof httpEngines)[number];

export interface ServerConfig extends Omit<Settings, AuthKey> {
  readonly auth: {
    readonly enabled: boolean;
    readonly username: string;
    readonly password: Secret;
    readonly tokenExpirySeconds: number;
    readonly tokenSecret: Secret;
  };
  readonly debug: boolean;
  /** Whether a processor was asked for, or is the default. */
  readonly processorGiven: boolean;
  /** Which frame of a `/detect_urls` request wins; only `detector_config` changes it. */
  readonly frameStrategy: FrameStrategy;
}

type AuthKey = 'authEnabled' | 'authUsername' | 'authPassword' | 'tokenExpirySeconds' | 'tokenSecret';

/** The keys of the file, in camelCase. */
interface Settings extends RuntimeChoices {
  readonly host: string;
  /** Not checked against 65535: binding fails, as it does upstream. */
  readonly port: number;
  /** Names to resolve under `basePath`; `['all']` means every model there, loaded on first use. */
  readonly models: readonly string[];
  readonly basePath: string;
  readonly processor: Processor;
  /** Connections at once. */
  readonly maxConnections: number;
  /** Of these, from one address. */
  readonly maxConnectionsPerAddress: number;
  /** Addresses and networks of proxies whose `X-Forwarded-For` names the client. */
  readonly trustedProxies: readonly string[];
  /** What parses HTTP. */
  readonly httpEngine: HttpEngineName;
  /** When present, `models`, `basePath` and `processor` are not used. */
  readonly detectorConfig: DetectorConfig | null;
  readonly authEnabled: boolean;
  readonly authUsername: string;
  readonly authPassword: Secret;
  /** Zero and negative lives are allowed: such tokens are born expired. */
  readonly tokenExpirySeconds: number;
  readonly tokenSecret: Secret;
  /** Processes, each with its own copy of every model. */
  readonly workers: number;
  readonly logLevel: LogLevel;
  readonly allowCpuFallback: boolean;
  /** null: as each model says. 0: a model that lost its accelerator stays on the CPU. */
  readonly gpuRetrySeconds: number | null;
  /** Bytes of one request body. */
  readonly maxUploadBytes: number;
  /** Width times height of a picture before it is decoded. */
  readonly maxImagePixels: number;
  /** JPEG decoded quicker, with other pixels than OpenCV's. */
  readonly fastJpeg: boolean;
  /** Frames of one request fetched at the same time. */
  readonly fetchConcurrency: number;
  /** To connect, and between two received pieces. */
  readonly fetchTimeoutSeconds: number;
  /** From the request for a frame to its last byte. */
  readonly frameTimeoutSeconds: number;
  /** Bytes of one fetched frame. */
  readonly maxFrameBytes: number;
  /** Host names that frames may be fetched from, `*.example.org` for all below one; null: all. */
  readonly fetchAllowedHosts: readonly string[] | null;
  /** The same for networks and addresses. */
  readonly fetchAllowedCidrs: readonly string[] | null;
  /** Which clients may name loopback addresses. */
  readonly fetchLoopback: LoopbackChoice;
  /** 0: chosen from the processor cores. */
  readonly decodeThreads: number;
  /** Threads inside one run of a model; 0: chosen from the processor cores. */
  readonly inferenceThreads: number;
  /** Sessions of each model that run at the same time; 0: chosen from the processor cores. */
  readonly instances: number;
  /** How long a stop waits for requests in flight. */
  readonly shutdownSeconds: number;
  /** After so long at one task a native thread counts as stuck. */
  readonly stuckThreadSeconds: number;
  /** Longest time to an answer; just under the 60 seconds that clients wait. */
  readonly requestTimeoutSeconds: number;
  /** How far away a request that names URLs may see its answer and still be let in; see `requestTimeoutSeconds`. */
  readonly urlDeadlineSeconds: number;
  /** Bytes of all bodies and fetched frames that wait in memory. */
  readonly maxQueuedBytes: number;
  /** Whether `GET /metrics` wants a token. */
  readonly metricsAuth: boolean;
  /** Models in memory at once; 0: no limit. */
  readonly maxLoadedModels: number;
  /** Bytes of all models in memory; 0: no limit. */
  readonly maxModelMemory: number;
  /** Published names of the models that are loaded first and never unloaded. */
  readonly pinnedModels: readonly string[];
  /** Seconds without use after which a model is unloaded; 0: at once; negative: never. */
  readonly keepAlive: number;
  /** Published names of the models that answer `/detect` and `/detect_urls`, which name none; null: all. */
  readonly serveModels: readonly string[] | null;
}

export const defaultTokenSecret = 'change-me';

export function defaultSettings(): Settings {
  return {
    host: '0.0.0.0',
    port: 5000,
    maxConnections: limits.connections.value,
    maxConnectionsPerAddress: limits.connectionsPerAddress.value,
    trustedProxies: [],
    httpEngine: 'node',
    models: ['yolo11s'],
    basePath: '/var/lib/zmeventnotification/models',
    processor: 'cpu',
    detectorConfig: null,
    authEnabled: false,
    authUsername: 'admin',
    authPassword: new Secret(''),
    tokenExpirySeconds: 3600,
    tokenSecret: new Secret(defaultTokenSecret),
    workers: 1,
    logLevel: 'info',
    allowCpuFallback: true,
    gpuRetrySeconds: null,
    ...defaultRuntimeChoices(),
    maxUploadBytes: 64 * 1024 * 1024,
    maxImagePixels: 64_000_000,
    fastJpeg: false,
    fetchConcurrency: 4,
    fetchTimeoutSeconds: 10,
    frameTimeoutSeconds: limits.frameMs.value / 1000,
    maxFrameBytes: limits.frameBytes.value,
    fetchAllowedHosts: null,
    fetchAllowedCidrs: null,
    fetchLoopback: 'local',
    decodeThreads: 0,
    inferenceThreads: 0,
    instances: 0,
    shutdownSeconds: 10,
    stuckThreadSeconds: limits.stuckThreadMs.value / 1000,
    requestTimeoutSeconds: 55,
    urlDeadlineSeconds: 50,
    maxQueuedBytes: 1024 ** 3,
    metricsAuth: false,
    maxLoadedModels: 0,
    maxModelMemory: 0,
    pinnedModels: [],
    keepAlive: -1,
    serveModels: null,
  };
}

const largest = 2 ** 31 - 1;
const day = 86_400;

/** Python's names for the levels, and pino's. */
const levels: Readonly<Record<string, LogLevel>> = {
  critical: 'fatal',
  fatal: 'fatal',
  error: 'error',
  warning: 'warn',
  warn: 'warn',
  info: 'info',
  debug: 'debug',
  trace: 'trace',
};

const logLevel: Field<LogLevel> = z
  .preprocess((value) => (typeof value === 'string' ? value.toLowerCase() : value), choice(Object.keys(levels)))
  .transform((word) => (word === undefined ? undefined : levels[word]));

const settingsShape: Shape<Settings> = {
  host: text,
  port: integer(),
  maxConnections: integer({ min: 1, max: 1_000_000 }),
  maxConnectionsPerAddress: integer({ min: 1, max: 1_000_000 }),
  trustedProxies: list(text).refine((entries) => addressList(entries ?? []) !== undefined, {
    message: 'addresses or networks',
    params: { hint: 'write them as 192.0.2.1 or 10.0.0.0/8' },
  }),
  httpEngine: choice(httpEngines),
  models: list(text).refine((names) => !names?.includes('all') || names.length === 1, {
    message: 'names of models or the word all by itself',
    params: { hint: "'all' cannot be combined with other model names" },
  }),
  basePath: text,
  processor: choice(processors),
  detectorConfig: nullable(detectorConfig),
  authEnabled: flag,
  authUsername: text,
  authPassword: secret,
  tokenExpirySeconds: integer(),
  tokenSecret: secret,
  workers: integer({ min: 1, max: 256 }),
  logLevel,
  allowCpuFallback: flag,
  gpuRetrySeconds: nullable(integer({ min: 0, max: day })),
  ...runtimeShape,
  maxUploadBytes: integer({ min: 1024, max: largest }),
  maxImagePixels: integer({ min: 1, max: largest }),
  fastJpeg: flag,
  fetchConcurrency: integer({ min: 1, max: 64 }),
  fetchTimeoutSeconds: real({ min: 0.1, max: 3600 }),
  frameTimeoutSeconds: real({ min: 0.1, max: 3600 }),
  maxFrameBytes: integer({ min: 1024, max: largest }),
  fetchAllowedHosts: nullable(list(text.refine((host = '') => isHostEntry(host), hostEntry))),
  fetchAllowedCidrs: nullable(list(text.refine((cidr = '') => isNetworkEntry(cidr), networkEntry))),
  fetchLoopback: choice(loopbackChoices),
  decodeThreads: integer({ min: 0, max: 1024 }),
  inferenceThreads: integer({ min: 0, max: 1024 }),
  instances: integer({ min: 0, max: 256 }),
  shutdownSeconds: real({ min: 0, max: 3600 }),
  stuckThreadSeconds: real({ min: 1, max: 3600 }),
  requestTimeoutSeconds: real({ min: 0.1, max: 3600 }),
  urlDeadlineSeconds: real({ min: 0.1, max: 3600 }),
  maxQueuedBytes: integer({ min: 1024, max: 2 ** 40 }),
  metricsAuth: flag,
  maxLoadedModels: integer({ min: 0, max: 10_000 }),
  maxModelMemory: integer({ min: 0, max: 2 ** 50 }),
  pinnedModels: list(text),
  keepAlive: real({ min: -1, max: 30 * day }),
  serveModels: nullable(list(text).refine((names) => names?.length !== 0, 'at least one name of a model')),
};

const settings: Field<Settings> = mapping<Settings>(settingsShape, defaultSettings);

export interface Checked {
  readonly config: ServerConfig;
  readonly warnings: readonly string[];
}

/**
 * Checks `raw`, a mapping with the snake_case keys of the file, and fills in the defaults.
 *
 * `nameOf` says what a key is called where the person wrote it (a flag, say); `source` is the file to name. Throws
 * ConfigError with one sentence for each problem. Warnings are sentences about what works but is likely not meant.
 */
export function checkServerConfig(
  raw: unknown,
  { debug = false, source = '', nameOf = (key: string) => key } = {},
): Checked {
  const placed = (sentence: string): string => (source === '' ? sentence : `${source}: ${sentence}`);
  const result = settings.safeParse(raw);
  if (!result.success || result.data === undefined) {
    throw new ConfigError(sentences(result.error?.issues ?? [], raw, nameOf).map(placed));
  }
  const { authEnabled, authUsername, authPassword, tokenExpirySeconds, tokenSecret, ...rest } = result.data;
  const { cudaGraph, instances } = result.data;
  if (cudaGraph && instances > 1) {
    throw new ConfigError([
      placed(`expected 1 for ${nameOf('instances')} with ${nameOf('cuda_graph')}, got ${instances}`),
    ]);
  }
  const config: ServerConfig = {
    ...rest,
    auth: {
      enabled: authEnabled,
      username: authUsername,
      password: authPassword,
      tokenExpirySeconds,
      tokenSecret,
    },
    debug,
    processorGiven: isMapping(raw) && raw.processor !== undefined,
    logLevel: debug ? 'debug' : rest.logLevel,
    frameStrategy: rest.detectorConfig?.frameStrategy ?? 'most_models',
  };
  const misspelt = isMapping(raw) ? misspeltKeys(raw, Object.keys(settingsShape)) : [];
  return {
    config,
    warnings: [...misspelt, ...doubts(config, nameOf)].map(placed),
  };
}

/** What is allowed but dangerous or without effect. */
function* doubts(config: ServerConfig, nameOf: (key: string) => string): Generator<string> {
  const { enabled, password, tokenSecret, tokenExpirySeconds } = config.auth;
  if (config.workers > 1) {
    yield `${nameOf('workers')} is ${config.workers}, which is not needed: one process uses every processor, see decode_threads and instances`;
  }
  if (enabled) {
    if (password.reveal() === '')
      yield `${nameOf('auth_password')} is empty: anybody who knows the user name can log in`;
    if (tokenSecret.reveal() === '') {
      yield `${nameOf('token_secret')} is empty: anybody can sign a token`;
    } else if (tokenSecret.reveal() === defaultTokenSecret) {
      yield `${nameOf('token_secret')} is left at "${defaultTokenSecret}": anybody can sign a token`;
    }
    if (tokenExpirySeconds <= 0)
      yield `${nameOf('token_expiry_seconds')} is ${tokenExpirySeconds}: every token is born expired`;
  }
  const { maxLoadedModels, pinnedModels } = config;
  if (maxLoadedModels > 0 && pinnedModels.length >= maxLoadedModels) {
    yield `${nameOf('pinned_models')} leaves no room for other models: ${nameOf('max_loaded_models')} is ${maxLoadedModels}`;
  }
  for (const [index, { minConfidence }] of (config.detectorConfig?.models ?? []).entries()) {
    if (minConfidence < 0 || minConfidence > 1) {
      yield `detector_config.models[${index}].min_confidence is ${minConfidence}: confidences lie from 0 to 1`;
    }
  }
}
