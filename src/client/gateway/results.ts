/**
 * Servers that choose their models themselves (`/detect`, `/detect_urls`). Each frame is a request of its own, without
 * zones: every generation then answers with that frame's detections as its models gave them, and what is left to do is
 * done here as it is for a local run.
 */
import { parse } from 'node:path';

import type { DetectorConfig, ModelConfig } from '../../detection/config.js';
import type { Detection, ModelType, Size } from '../../detection/detection.js';
import { analyseFrame, type PipelineModel } from '../../detection/pipeline.js';
import type { Log } from '../../log.js';
import type { Analysis } from '../../pipeline/selector.js';
import { AnswerFault, type RawFrame, readResult, readUrlsReply } from './answers.js';
import { jsonBody, multipartBody } from './body.js';
import type { GatewayConnection } from './connection.js';
import { type Dialect, type FrameAddress, type Looked, notFetched, type Post } from './dialect.js';

export interface ResultParts {
  readonly connection: GatewayConnection;
  readonly post: Post;
  readonly config: DetectorConfig;
  /** What the person configured, for its patterns and limits; null: nothing. */
  readonly models: readonly ModelConfig[] | null;
  readonly log: Log;
  /** Size of an encoded picture. */
  readonly sizeOf: (bytes: Buffer) => Promise<Size>;
}

export class ResultDialect implements Dialect {
  readonly #parts: ResultParts;

  constructor(parts: ResultParts) {
    this.#parts = parts;
  }

  async upload(bytes: Buffer, signal: AbortSignal): Promise<Analysis> {
    const { post, sizeOf } = this.#parts;
    const body = multipartBody({}, { name: 'file', filename: 'image.jpg', bytes });
    const frame = this.#read('/detect', await post('/detect', body, signal), readResult);
    return this.#filtered(frame.detections, frame.size ?? (await sizeOf(bytes)), signal);
  }

  async byUrl(frame: FrameAddress, signal: AbortSignal): Promise<Looked> {
    const { url, zmAuth, verifySsl } = frame;
    const body = jsonBody({ urls: [{ frame_id: '0', url }], zm_auth: zmAuth, verify_ssl: verifySsl });
    const reply = await this.#parts.post('/detect_urls', body, signal);
    const raw = this.#read('/detect_urls', reply, readUrlsReply);
    if (raw === undefined) return notFetched(frame, undefined);
    return { ok: true, analysis: await this.#filtered(raw.detections, raw.size ?? (await frame.size()), signal) };
  }

  #read<T extends RawFrame | undefined>(route: string, reply: unknown, read: (reply: unknown) => T): T {
    try {
      return read(reply);
    } catch (error) {
      if (!(error instanceof AnswerFault)) throw error;
      throw this.#parts.connection.error('GATEWAY_UNEXPECTED', { reason: `${route}: ${error.message}` });
    }
  }

  /** The server's lists, one for each of its models, go the same way as those of models in this process. */
  async #filtered(detections: readonly Detection[], size: Size, signal: AbortSignal): Promise<Analysis> {
    const { log } = this.#parts;
    const lists = byModel(detections).map((list) => new ServerModel(list, this.#parts.models ?? []));
    // Which model's list counts has been decided by the server.
    const config: DetectorConfig = {
      ...this.#parts.config,
      matchStrategy: 'union',
      typeOverrides: withoutMatchStrategy(this.#parts.config.typeOverrides),
    };
    const infer = ({ list }: ServerModel) => Promise.resolve(list);
    const outcome = await analyseFrame(config, lists, infer, { size, signal });
    for (const warning of outcome.warnings) log.warn(warning);
    return { detections: outcome.detections, size };
  }
}

function byModel(detections: readonly Detection[]): Detection[][] {
  const lists = new Map<string, Detection[]>();
  for (const detection of detections) {
    const key = `${detection.type} ${detection.modelName}`;
    const list = lists.get(key);
    if (list === undefined) lists.set(key, [detection]);
    else list.push(detection);
  }
  return [...lists.values()];
}

function withoutMatchStrategy(overrides: DetectorConfig['typeOverrides']): DetectorConfig['typeOverrides'] {
  return Object.fromEntries(Object.entries(overrides).map(([type, own]) => [type, { ...own, matchStrategy: null }]));
}

/** One of the server's models with the filters that the person's configuration has for it. */
class ServerModel implements PipelineModel {
  readonly list: readonly Detection[];
  readonly type: ModelType;
  readonly enabled = true;
  readonly preExistingLabels: readonly string[] = [];
  readonly pattern: string;
  readonly maxDetectionSize: string | null;

  /** `configured`: the entry of the same name counts, or that whose file has it; else what all entries of the type agree on. */
  constructor(list: readonly Detection[], configured: readonly ModelConfig[]) {
    const { type, modelName } = list[0] ?? { type: 'object' as const, modelName: '' };
    this.type = type;
    const entries = configured.filter((entry) => entry.enabled && entry.type === type);
    const own =
      entries.find((entry) => entry.name === modelName) ??
      entries.find(({ weights }) => weights !== null && parse(weights).name === modelName);
    this.pattern = own?.pattern ?? agreed(entries.map(({ pattern }) => pattern)) ?? '.*';
    this.maxDetectionSize = own?.maxDetectionSize ?? agreed(entries.map((entry) => entry.maxDetectionSize)) ?? null;
    const threshold = own?.minConfidence ?? Math.min(...entries.map(({ minConfidence }) => minConfidence));
    this.list = entries.length === 0 ? list : list.filter(({ confidence }) => confidence >= threshold);
  }
}

function agreed<T>(values: readonly T[]): T | undefined {
  return new Set(values).size === 1 ? values[0] : undefined;
}
