/** The typed face of the native engine: one class per native object, no policy. */
import { isErrorCode, ZmdetectError } from '../errors.js';
import { limits } from '../limits.js';
import { binariesFolder, samplePicture } from '../package-root.js';
import {
  type BoxMark,
  type DetectOutput,
  type EngineHandle,
  type ImageHandle,
  type ModelHandle,
  native,
  type OpenedModel,
  type OpenOptions,
  type PolygonMark,
  type PreparedModel,
  type PrepareOptions,
  type ThreadReport,
} from './native.js';
import { Ticket } from './ticket.js';

export type { BoxMark, Colour, PolygonMark, StuckThread, ThreadReport } from './native.js';
export { Ticket, type TicketOptions } from './ticket.js';

export interface EngineOptions {
  /** 0 = the processors that this process may use. */
  readonly decodeThreads?: number;
  /** Decoded pictures alive at once; 0 = what the threads and the models need. */
  readonly maxImages?: number;
  readonly maxImagePixels?: number;
  /** JPEG with the fast DCT and plain upsampling: quicker, and not the boxes that OpenCV gives. */
  readonly fastJpeg?: boolean;
  readonly backendFolder?: string;
  /** A native thread that is at one task for so long is reported, and another takes its place. */
  readonly stuckAfterMs?: number;
  /** The runtimes write their own words to standard error, with the lines of their source. */
  readonly runtimeLog?: boolean;
  /** Told of bytes that a thread still reads although the request that sent them has its answer. */
  readonly onAbandoned?: (bytes: number, until: Promise<void>) => void;
}

/** Rejections of the addon carry a stable code; here they become rows of the error table. */
async function translated<T>(result: Promise<T>): Promise<T> {
  try {
    return await result;
  } catch (error) {
    if (error instanceof Error && 'code' in error && isErrorCode(error.code)) {
      throw new ZmdetectError(error.code, { reason: error.message }, { cause: error });
    }
    throw error;
  }
}

export class Engine {
  readonly #handle: EngineHandle;
  readonly #onAbandoned: EngineOptions['onAbandoned'];
  readonly #runtimeLog: boolean;

  constructor(options: EngineOptions = {}) {
    this.#onAbandoned = options.onAbandoned;
    this.#runtimeLog = options.runtimeLog ?? false;
    this.#handle = native.createEngine({
      backendFolder: options.backendFolder ?? binariesFolder,
      samplePicture,
      decodeThreads: options.decodeThreads ?? 0,
      maxImages: options.maxImages ?? 0,
      maxImagePixels: options.maxImagePixels ?? 64_000_000,
      fastJpeg: options.fastJpeg ?? false,
      stuckAfterMs: options.stuckAfterMs ?? limits.stuckThreadMs.value,
    });
  }

  /**
   * Decodes a picture on a decode worker. `bytes` must not change until the promise settles. The caller owes the image
   * a `release()`, since decoded pictures alive are bounded.
   * Rejects as soon as the ticket is cancelled or expires; the thread that decodes ends behind that.
   * Errors: IMAGE_EMPTY, IMAGE_UNDECODABLE, IMAGE_TOO_LARGE, OUT_OF_MEMORY, CANCELLED, DEADLINE_EXCEEDED, ENGINE_CLOSED.
   */
  async decode(bytes: Uint8Array, ticket: Ticket): Promise<NativeImage> {
    const decoding = translated(native.decode(this.#handle, bytes, ticket.handle));
    const decoded = await ticket.race(decoding, (late) => {
      this.#abandon(bytes, late);
      // Nobody else would free it.
      late.then(({ image }) => native.releaseImage(image)).catch(() => undefined);
    });
    return new NativeImage(decoded.image, decoded.width, decoded.height, decoded.queueMs, decoded.decodeMs);
  }

  #abandon(bytes: Uint8Array, late: Promise<unknown>): void {
    const settled = late.then(
      () => undefined,
      () => undefined,
    );
    this.#onAbandoned?.(bytes.byteLength, settled);
  }

  /**
   * Draws on a picture and gives it back as a JPEG file of the upright picture's size, from a decode worker. Polygons
   * are drawn first, then frames, then texts; lines and letters are sized to the picture. What goes beyond the picture
   * is clipped; a mark outside it, or with a coordinate that is not a number, is left out. `bytes` must not change
   * until the promise settles; `quality` is 1 (small) to 100 (good). The ticket ends it as it does `decode`.
   * Errors: OPTION_INVALID, IMAGE_EMPTY, IMAGE_UNDECODABLE, IMAGE_TOO_LARGE, OUT_OF_MEMORY, CANCELLED,
   * DEADLINE_EXCEEDED, ENGINE_CLOSED.
   */
  async annotate(
    bytes: Uint8Array,
    marks: readonly (BoxMark | PolygonMark)[],
    { quality = 90, ticket = new Ticket() }: { readonly quality?: number; readonly ticket?: Ticket } = {},
  ): Promise<Buffer> {
    if (!Number.isInteger(quality) || quality < 1 || quality > 100) {
      throw new ZmdetectError('OPTION_INVALID', {
        name: 'quality',
        expected: 'a whole number from 1 to 100',
        value: quality,
      });
    }
    const boxes = marks.filter((mark) => 'box' in mark);
    const polygons = marks.filter((mark) => 'polygon' in mark);
    const drawing = translated(native.annotate(this.#handle, bytes, { boxes, polygons }, quality, ticket.handle));
    return ticket.race(drawing, (late) => this.#abandon(bytes, late));
  }

  /**
   * Opens a model file on the load thread; it cannot detect before `prepare`.
   * Errors: BACKEND_UNAVAILABLE, DEVICE_UNAVAILABLE, MODEL_FILE_MISSING, MODEL_UNREADABLE, MODEL_LAYOUT_UNKNOWN,
   * OUT_OF_MEMORY.
   */
  async open(options: Pick<OpenOptions, 'path'> & Partial<OpenOptions>): Promise<NativeModel> {
    const defaults = { backend: 'onnx', configPath: '', processor: 'cpu', library: '', delegateLibrary: '' } as const;
    const numbers = { inputWidth: 0, inputHeight: 0, intraOpThreads: 0 };
    const gpu = { gpuDevice: 0, gpuMemoryLimit: 0, tensorrt: 'off', tensorrtCache: '', cudaGraph: false } as const;
    const cpu = { exactInt8: false, runtimeLog: this.#runtimeLog };
    const opened = await translated(
      native.openModel(this.#handle, { ...defaults, ...numbers, ...gpu, ...cpu, ...options }),
    );
    return new NativeModel(this.#handle, opened);
  }

  /** The threads that have not come back for a while (`stuckAfterMs`), and how many were replaced. */
  threads(): ThreadReport {
    return native.engineThreads(this.#handle);
  }

  /**
   * Fails what waits with ENGINE_CLOSED and resolves when no engine thread runs any more: never where one does not come
   * back.
   */
  async close(): Promise<void> {
    await native.closeEngine(this.#handle);
  }
}

/** A decoded picture. `release()` frees its pixels now; forgetting it holds up the pictures behind it. */
export class NativeImage {
  readonly handle: ImageHandle;
  readonly width: number;
  readonly height: number;
  readonly queueMs: number;
  readonly decodeMs: number;

  constructor(handle: ImageHandle, width: number, height: number, queueMs: number, decodeMs: number) {
    this.handle = handle;
    this.width = width;
    this.height = height;
    this.queueMs = queueMs;
    this.decodeMs = decodeMs;
  }

  release(): void {
    native.releaseImage(this.handle);
  }
}

export class NativeModel {
  readonly #engine: EngineHandle;
  readonly #handle: ModelHandle;
  readonly inputs: OpenedModel['inputs'];
  readonly outputs: OpenedModel['outputs'];
  readonly metadata: OpenedModel['metadata'];
  readonly device: string;
  readonly runtime: string;

  constructor(engine: EngineHandle, opened: OpenedModel) {
    this.#engine = engine;
    this.#handle = opened.model;
    this.inputs = opened.inputs;
    this.outputs = opened.outputs;
    this.metadata = opened.metadata;
    this.device = opened.device;
    this.runtime = opened.runtime;
  }

  /**
   * Recognises the layout, runs a warm-up inference, measures, starts the instances.
   * Errors: MODEL_LAYOUT_UNKNOWN, MODEL_OUTPUT_INVALID, INFERENCE_FAILED, OUT_OF_MEMORY.
   */
  prepare(options: Pick<PrepareOptions, 'classes'> & Partial<PrepareOptions>): Promise<PreparedModel> {
    const defaults = {
      inputWidth: 0,
      inputHeight: 0,
      layout: '',
      boxes: 'auto',
      colour: '',
      scale: '',
      fit: '',
      instances: 1,
      tune: false,
      measure: true,
      maxBatch: 0,
      fixedSizes: false,
    } as const;
    return translated(native.prepareModel(this.#engine, this.#handle, { ...defaults, ...options }));
  }

  /**
   * Detections of one picture, best first. The image may be released once the promise has settled. The ticket ends it as
   * it does `decode`.
   * Errors: INFERENCE_FAILED, MODEL_OUTPUT_INVALID, IMAGE_TOO_THIN, CANCELLED, DEADLINE_EXCEEDED, ENGINE_CLOSED.
   */
  detect(image: NativeImage, minConfidence: number, ticket: Ticket): Promise<DetectOutput> {
    return ticket.race(
      translated(native.detect(this.#engine, this.#handle, image.handle, minConfidence, ticket.handle)),
    );
  }

  async close(): Promise<void> {
    await native.closeModel(this.#engine, this.#handle);
  }
}

/**
 * From now on a SIGTERM or SIGINT ends the process after `graceMs` for certain, with status 70, and a second one at once;
 * a native thread sees to it, so it holds while this one is blocked. Called after the signals' own handlers are there.
 */
export function guardExit(graceMs: number): void {
  native.guardExit(graceMs);
}

/** Leaves at once: no destructor runs under a thread that still works. */
export function exitNow(status: number): never {
  return native.exitNow(status);
}

/** Processors by affinity and cgroup quota. */
export function usableCpus(): number {
  return native.usableCpus();
}

/** Whether this processor sums 8-bit products without saturation: all but x86 without VNNI. */
export function exactInt8Products(): boolean {
  return native.exactInt8Products();
}
