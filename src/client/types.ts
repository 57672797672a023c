/** What programs hand to a `Detector`, and what they get back. */
import type { DetectorConfig, ModelConfig, Processor } from '../detection/config.js';
import type { Box, Detection, Size } from '../detection/detection.js';
import type { ResultJson } from '../detection/wire.js';
import type { Log } from '../log.js';

/** One model: its `name`, and whatever of a model's settings is not the default. */
export type ModelOptions = Partial<ModelConfig>;

/** Where a server is, and how to ask it. */
export interface GatewayOptions {
  /** Base URL of zmdetectd or of a `pyzm.serve`. Absent or empty: models run in this process. */
  readonly gateway?: string | undefined;
  /**
   * How `detectEvent` brings a frame there: `url` (default) lets the server fetch it from ZoneMinder, `image` uploads it.
   * `detect` always uploads.
   */
  readonly gatewayMode?: 'url' | 'image' | undefined;
  /** Seconds for each request, one frame's, from connecting to the whole answer. Default 60. */
  readonly gatewayTimeout?: number | undefined;
  /**
   * Ask a busy server (429, or 503 with `Retry-After`) again after the seconds that it names, while `gatewayTimeout`
   * allows. Default false: GATEWAY_BUSY at once.
   */
  readonly gatewayRetryBusy?: boolean | undefined;
  readonly gatewayUsername?: string | undefined;
  readonly gatewayPassword?: string | undefined;
  /** Run the models in this process when the gateway gives no answer (any `GATEWAY_*` error). Default false. */
  readonly fallbackLocal?: boolean | undefined;
}

/** All is optional. Filters and strategies are those of `detector_config`, in camelCase, with the same defaults. */
export interface DetectorOptions extends GatewayOptions, Partial<Omit<DetectorConfig, 'models'>> {
  /**
   * Names to find under `basePath`, absolute paths of weight files, `published name=spec`, or whole entries. Default
   * `['all']`: every model under `basePath`, each loaded on first use. With a gateway: which of its models are asked;
   * default: those that the server itself chooses.
   */
  readonly models?: readonly (string | ModelOptions)[] | undefined;
  /** Default `/var/lib/zmeventnotification/models`. */
  readonly basePath?: string | undefined;
  /** For models that are given by name. Default `cpu`, and `tpu` for `.tflite` files unless `cpu` is said. */
  readonly processor?: Processor | undefined;
  /**
   * Sessions of each model in this process. Default 0: measured when a model is loaded, which takes seconds. 1: one
   * session on all processors, unmeasured, for a program that looks at a few pictures and ends.
   */
  readonly instances?: number | undefined;
  /** Where log lines go; a pino logger fits. Default: warnings and errors, on standard error. */
  readonly log?: Log | undefined;
}

/** A polygon that decides which detections count. */
export interface DetectionZone {
  readonly name?: string | undefined;
  /** x, y in pixels of the picture; at least 3 points. */
  readonly points: ReadonlyArray<readonly [x: number, y: number]>;
  /** Python regular expression for the labels that count, matched from their start. Absent or null: all. */
  readonly pattern?: string | null | undefined;
  /** The same for labels that do not count here. */
  readonly ignorePattern?: string | null | undefined;
}

/** A picture: path of a file, or its encoded bytes (JPEG, PNG, BMP, WebP, GIF, TIFF, PNM). */
export type PictureSource = string | Uint8Array;

/** One of several pictures of the same scene. */
export interface Frame {
  /** Opaque; comes back as the result's `frameId`. */
  readonly frameId: string;
  readonly picture: PictureSource;
}

export interface DetectOptions {
  readonly zones?: readonly DetectionZone[] | undefined;
  /** Ends the call, which rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Which frames of an event are looked at, and how long one waits for them. The names are those of `stream_sequence`. */
export interface StreamConfig {
  /** `snapshot`, `alarm` or numbers, as text. Empty: `maxFrames` frames by number. Default: snapshot, alarm, 1. */
  readonly frameSet: readonly string[];
  /** How many frames by number; counts only where `frameSet` is empty. */
  readonly maxFrames: number;
  /** First number and step of those. */
  readonly startFrame: number;
  readonly frameSkip: number;
  /** Seconds to wait before the first frame. */
  readonly delay: number;
  /** Seconds to wait before each further frame. */
  readonly delayBetweenFrames: number;
  /** Tries in total for a frame that is not there yet, or not whole. Default 1. */
  readonly maxAttempts: number;
  /** Seconds between those tries. Default 3. */
  readonly sleepBetweenAttempts: number;
  /** Frames in a row that are not there, after which the rest is not asked for. Default 5. */
  readonly contigFramesBeforeError: number;
}

export interface DetectEventOptions extends DetectOptions {
  readonly streamConfig?: Partial<StreamConfig> | undefined;
  /** Size of the event's frames, where it is known: it spares asking ZoneMinder. */
  readonly frameSize?: Size | undefined;
}

/** What `detectEvent` asks of ZoneMinder; the `ZoneMinder` of this package is one. */
export interface EventSource {
  /** Whether the certificate of an https ZoneMinder is checked. */
  readonly verifiesTls: boolean;
  /** Where ZoneMinder shows a frame, without credentials. `frame`: `snapshot`, `alarm` or a number as text. */
  frameUrl(eventId: number, frame: string): string;
  /** Query fragment that lets in, such as `token=...`; empty where ZoneMinder wants none. */
  authQuery(): Promise<string>;
  /** The login of a web server in front of ZoneMinder, for whoever fetches the frame. A secret. */
  basicLogin?(): { readonly user: string; readonly password: string } | undefined;
  /** The frame's bytes. Rejects with ZONEMINDER_NOT_FOUND for a frame that is not there (yet). */
  fetchFrame(eventId: number, frame: string, signal?: AbortSignal): Promise<Buffer>;
  /** Size of the event's frames, in pixels. */
  event(eventId: number): Promise<Size>;
}

export interface AnnotateOptions {
  /** JPEG quality, 1 to 100. Default 90. */
  readonly quality?: number | undefined;
  /** Draw the boxes that zones rejected as well. Default true. */
  readonly errorBoxes?: boolean | undefined;
  /** Zones to outline. Default: none. */
  readonly zones?: readonly DetectionZone[] | undefined;
}

/** What was found, in the best frame. */
export interface DetectionResult {
  /** `single` for one picture; null when no frame could be looked at. */
  readonly frameId: string | null;
  /** By model, then by descending confidence. Empty: nothing that counts was found. */
  readonly detections: readonly Detection[];
  /** Boxes that zones rejected. */
  readonly errorBoxes: readonly Box[];
  /** Of the upright picture, in pixels; null when no frame could be looked at. */
  readonly imageDimensions: Size | null;
  /** `person:97% car:80%`; empty when there is nothing. */
  readonly summary: string;
  /** Where the models ran: `local` also after falling back. */
  readonly ranOn: 'local' | 'gateway';
  /** The encoded bytes of the frame; fetched where only the server had them so far. */
  picture(): Promise<Buffer>;
  /** The frame with its boxes and labels drawn, as a JPEG. Loads the native engine. Errors: IMAGE_*, FETCH_FAILED. */
  annotate(options?: AnnotateOptions): Promise<Buffer>;
  /** The parallel arrays that ZoneMinder's hooks read. */
  toJSON(): ResultJson;
}
