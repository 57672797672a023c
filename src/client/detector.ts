/** The library's front door: detection in this process or on a server, with the same filters, zones and strategies. */
import { readFile } from 'node:fs/promises';

import { isMapping } from '../config/readers.js';
import type { DetectorConfig } from '../detection/config.js';
import { parseConfigZones, type Zone } from '../detection/zones.js';
import { ZmdetectError } from '../errors.js';
import { FrameSelector } from '../pipeline/selector.js';
import { type BestFrame, bestFrame, type Look, type Patience } from './best-frame.js';
import { Call, isLate, Models } from './call.js';
import { eventLook, noFrame } from './event.js';
import { type MlOptions, readMlSequence } from './ml-sequence.js';
import { FrameDetections } from './result.js';
import { checkOptions, type Settings } from './settings.js';
import { checkStream, frameNames } from './stream.js';
import type {
  DetectEventOptions,
  DetectionResult,
  DetectionZone,
  DetectOptions,
  DetectorOptions,
  EventSource,
  Frame,
  PictureSource,
} from './types.js';

const noPatience: Patience = {
  delay: 0,
  delayBetweenFrames: 0,
  maxAttempts: 1,
  sleepBetweenAttempts: 0,
  contigFramesBeforeError: Number.POSITIVE_INFINITY,
};

/**
 * Says what pictures and ZoneMinder's events hold.
 *
 * Calls may overlap. Nothing is loaded and nobody asked before the first of them; `close()` lets the process end.
 */
export class Detector {
  readonly #settings: Settings;
  readonly #selector: FrameSelector;
  readonly #models: Models;
  #closed = false;

  /** Errors: CONFIG_INVALID with one sentence for each problem, PATTERN_INVALID. */
  constructor(options: DetectorOptions = {}) {
    this.#settings = checkOptions(options);
    this.#selector = new FrameSelector(this.#settings.config);
    this.#models = new Models(this.#settings);
  }

  /** From an `ml_sequence` mapping; `overrides` win. Errors: as the constructor. */
  static fromDict(mlOptions: MlOptions, overrides: DetectorOptions = {}): Detector {
    const { options, warnings } = readMlSequence(mlOptions);
    const detector = new Detector({ ...options, ...overrides });
    for (const warning of warnings) detector.#settings.log.warn(warning);
    return detector;
  }

  /**
   * From a YAML file: an `objectconfig.yml`, whose `ml_sequence` (below `ml` or at the top) is taken, or a file that is
   * the `ml_sequence` itself. Secrets, monitors and the other sections are the hook's. Errors: as the constructor.
   */
  static async fromConfig(file: string, overrides: DetectorOptions = {}): Promise<Detector> {
    const { readYaml } = await import('../config/yaml.js');
    const { value, warnings } = await readYaml(file);
    const mlSequence = mlSequenceOf(value);
    const detector = Detector.fromDict(mlSequence, overrides);
    for (const warning of [...warnings, ...secretsIn(mlSequence)]) detector.#settings.log.warn(warning);
    return detector;
  }

  /** Filters and strategies, with their defaults. */
  get config(): DetectorConfig {
    return this.#settings.config;
  }

  /**
   * What a picture holds, or the best of several frames. With a gateway the bytes are uploaded.
   *
   * Errors: IMAGE_* (of several frames, when none is a picture); GATEWAY_*, unless the models of this process stand in;
   * ZONES_INVALID, PATTERN_INVALID; OPTION_INVALID for a file that cannot be read; the signal's reason.
   */
  async detect(input: PictureSource | readonly Frame[], options: DetectOptions = {}): Promise<DetectionResult> {
    const { call, zones, signal } = this.#begin(options);
    if (!isPicture(input)) {
      if (input.length === 0) throw invalid('a picture or at least one frame', 'input', 'none');
      const look: Look = async (index, stop) => call.look(await bytesOf(input[index]?.picture ?? ''), stop);
      const names = input.map(({ frameId }) => frameId);
      const outcome = await this.#best(names, look, zones, noPatience, signal);
      throwIfMissed(outcome);
      return resultOf(outcome) ?? Promise.reject(outcome.unseen[0]?.error ?? new ZmdetectError('IMAGE_UNDECODABLE'));
    }
    const { analysis, ranOn, picture } = await call.analyse(await bytesOf(input), signal);
    const { kept, errorBoxes } = await this.#selector.select(analysis.detections, zones, this.#settings.log);
    const frame = { frameId: 'single', detections: kept, errorBoxes, size: analysis.size };
    return new FrameDetections(frame, ranOn, picture);
  }

  /**
   * What the best frame of a ZoneMinder event holds. With a gateway the server fetches the frames itself, unless
   * `gatewayMode` is `image`.
   *
   * Errors: as `detect`; FRAMES_MISSING when no frame could be looked at, or ZONEMINDER_* where that was the cause.
   */
  async detectEvent(zm: EventSource, eventId: number, options: DetectEventOptions = {}): Promise<DetectionResult> {
    const { call, zones, signal } = this.#begin(options);
    const stream = checkStream(options.streamConfig);
    const names = frameNames(stream);
    const lookAt = eventLook(zm, eventId, call, options.frameSize);
    const look: Look = (index, stop) => lookAt(names[index] ?? '', stop);
    let outcome = await this.#best(names, look, zones, stream, signal);
    if (outcome.best === null && call.byUrl && this.#settings.fallbackLocal) {
      // What the server cannot reach may well be reached from here.
      call.fallBack(noFrame(names, eventId, outcome, stream.maxAttempts));
      outcome = await this.#best(names, look, zones, stream, signal);
    }
    throwIfMissed(outcome);
    return resultOf(outcome) ?? Promise.reject(noFrame(names, eventId, outcome, stream.maxAttempts));
  }

  /** Frees models, threads and connections, so that the process can end. Calls under way may fail. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#models.close();
  }

  #begin({ signal = new AbortController().signal, zones }: DetectOptions) {
    if (this.#closed) throw new ZmdetectError('DETECTOR_CLOSED');
    signal.throwIfAborted();
    return { call: new Call(this.#models), zones: zonesOf(zones), signal };
  }

  #best(
    names: readonly string[],
    look: Look,
    zones: readonly Zone[],
    patience: Patience,
    signal: AbortSignal,
  ): Promise<BestFrame> {
    const { config, log } = this.#settings;
    const selector = this.#selector;
    return bestFrame(names, look, { strategy: config.frameStrategy, zones, selector, patience, log, signal });
  }
}

/** What was found stands without a frame that the gateway had no time for; where nothing was found, it is missed. */
function throwIfMissed({ best, unseen }: BestFrame): void {
  if (best !== null && best.detections.length > 0) return;
  const late = unseen.find(({ error }) => error !== undefined && isLate(error));
  if (late?.error !== undefined) throw late.error;
}

function resultOf({ best }: BestFrame): DetectionResult | undefined {
  return best === null ? undefined : new FrameDetections(best, best.ranOn, best.picture);
}

function isPicture(input: PictureSource | readonly Frame[]): input is PictureSource {
  return typeof input === 'string' || ArrayBuffer.isView(input);
}

function mlSequenceOf(value: unknown): MlOptions {
  const outer = isMapping(value) ? value : {};
  const inner = isMapping(outer.ml) ? outer.ml.ml_sequence : outer.ml_sequence;
  return isMapping(inner) ? inner : outer;
}

/** A text such as `!ML_PASSWORD` stands for a secret that only the hook looks up. */
function secretsIn({ general }: MlOptions): string[] {
  return Object.entries(isMapping(general) ? general : {}).flatMap(([key, value]) =>
    typeof value === 'string' && /^!\w+$/.test(value)
      ? [`general.${key} is the text ${value}: only the hook reads secrets, so give its value as an override`]
      : [],
  );
}

function zonesOf(zones: readonly DetectionZone[] = []): Zone[] {
  return parseConfigZones(zones.map(({ ignorePattern, ...zone }) => ({ ...zone, ignore_pattern: ignorePattern })));
}

async function bytesOf(source: PictureSource): Promise<Buffer> {
  if (typeof source !== 'string') return Buffer.from(source.buffer, source.byteOffset, source.byteLength);
  try {
    return await readFile(source);
  } catch (error) {
    const { code = 'unreadable' } = error as NodeJS.ErrnoException;
    throw invalid('a file that can be read', 'input', `${source} (${code})`);
  }
}

function invalid(expected: string, name: string, value: string): ZmdetectError {
  return new ZmdetectError('OPTION_INVALID', { expected, name, value });
}
