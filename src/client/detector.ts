/** The library's front door: detection in this process or on a server, with the same filters, zones and strategies. */
import { ZmdetectError } from '../errors.js';
import type {
  DetectEventOptions,
  DetectionResult,
  DetectOptions,
  DetectorOptions,
  EventSource,
  Frame,
  PictureSource,
} from './types.js';

/** The `ml_sequence` of an `objectconfig.yml`, as read from YAML or JSON. */
export type MlOptions = Readonly<Record<string, unknown>>;

export class Detector {
  readonly #options: DetectorOptions;

  /** Errors: OPTION_INVALID, PATTERN_INVALID. Nothing is loaded and nobody asked before the first detection. */
  constructor(options: DetectorOptions = {}) {
    this.#options = options;
  }

  /**
   * From an `ml_sequence` mapping; `overrides` win. Errors: CONFIG_INVALID with one sentence for each problem.
   */
  static fromDict(mlOptions: MlOptions, overrides: DetectorOptions = {}): Detector {
    void mlOptions;
    return new Detector(overrides);
  }

  /** From a YAML file that holds `ml_sequence`, or is one. Errors: CONFIG_INVALID. */
  static async fromConfig(path: string, overrides: DetectorOptions = {}): Promise<Detector> {
    void path;
    return Promise.resolve(new Detector(overrides));
  }

  /**
   * What a picture holds, or the best of several frames. With a gateway the bytes are uploaded.
   * Errors: IMAGE_*, GATEWAY_* (unless the local models stand in), ZONES_INVALID, PATTERN_INVALID.
   */
  detect(input: PictureSource | readonly Frame[], options: DetectOptions = {}): Promise<DetectionResult> {
    void input;
    void options;
    void this.#options;
    return Promise.reject(new ZmdetectError('INTERNAL'));
  }

  /** What the best frame of a ZoneMinder event holds. Errors: as `detect`, and FRAMES_MISSING when no frame was there. */
  detectEvent(zm: EventSource, eventId: number, options: DetectEventOptions = {}): Promise<DetectionResult> {
    void zm;
    void eventId;
    void options;
    return Promise.reject(new ZmdetectError('INTERNAL'));
  }

  /** Frees models, threads and connections; the process can end afterwards. */
  close(): Promise<void> {
    return Promise.resolve();
  }
}
