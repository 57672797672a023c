/** The addon's functions, one to one (native/addon/addon.cc). Nothing but src/engine imports this file. */
import { createRequire } from 'node:module';
import path from 'node:path';

import { binariesFolder } from '../package-root.js';

declare const brand: unique symbol;
/** Objects that only the addon can look into. */
export type EngineHandle = { readonly [brand]: 'engine' };
export type TicketHandle = { readonly [brand]: 'ticket' };
export type ImageHandle = { readonly [brand]: 'image' };
export type ModelHandle = { readonly [brand]: 'model' };

export interface TensorInfo {
  readonly name: string;
  readonly type: 'float32' | 'float64' | 'float16' | 'bfloat16' | 'uint8' | 'int8' | 'int32' | 'int64' | 'other';
  /** -1 where the file leaves a dimension open. */
  readonly shape: readonly number[];
}

export interface OpenedModel {
  readonly model: ModelHandle;
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  readonly metadata: Readonly<Record<string, string>>;
  /** In the words of its driver; `CPU` for the host. */
  readonly device: string;
  /** The library that runs it, with its version. */
  readonly runtime: string;
}

export interface OpenOptions {
  readonly backend: 'onnx' | 'opencv' | 'tflite';
  readonly path: string;
  /** Darknet's `.cfg`; empty for the other formats. */
  readonly configPath: string;
  readonly processor: 'cpu' | 'gpu' | 'tpu';
  /** The runtime's own library; empty: where the system has it. */
  readonly library: string;
  /** The Edge TPU's library; empty: where the system has it. */
  readonly delegateLibrary: string;
  /** Pixels, for formats that leave the size to the reader; 0: the backend's default. */
  readonly inputWidth: number;
  readonly inputHeight: number;
  /** CUDA's number of the device. */
  readonly gpuDevice: number;
  /** Bytes; 0: no limit. */
  readonly gpuMemoryLimit: number;
  readonly tensorrt: 'off' | 'fp32' | 'fp16';
  /** Directory. */
  readonly tensorrtCache: string;
  readonly cudaGraph: boolean;
  /** In a form that does not saturate on this processor. */
  readonly exactInt8: boolean;
  /** The runtime writes its own words to standard error. */
  readonly runtimeLog: boolean;
  /** Threads of one inference; 0 = the processors that this process may use. */
  readonly intraOpThreads: number;
}

export interface PreparedModel {
  readonly layout: string;
  /** Which rule chose the layout. */
  readonly decidedBy: string;
  /** How pictures are fed: `float32 planes, RGB, 0..1, letterbox`. */
  readonly picture: string;
  /** Impossible boxes on the sample picture. */
  readonly impossible: number;
  readonly inputWidth: number;
  readonly inputHeight: number;
  readonly dynamicBatch: boolean;
  /** Pictures in one inference at most. */
  readonly maxBatch: number;
  /** Threads of one inference, and inferences at once. */
  readonly threads: number;
  readonly instances: number;
  /** Threads of the inference of a picture that is the only one. */
  readonly threadsAlone: number;
  /** A batch of n pictures takes about `baseMs + perImageMs * n` on one instance that has the host to itself. */
  readonly baseMs: number;
  readonly perImageMs: number;
  /** Of all instances together. */
  readonly imagesPerSecond: number;
  readonly warmupMs: number;
  /** Inferences that only measured. */
  readonly trialRuns: number;
}

export interface DecodedImage {
  readonly image: ImageHandle;
  readonly width: number;
  readonly height: number;
  readonly queueMs: number;
  readonly decodeMs: number;
}

/** Red, green, blue, each 0 to 255. */
export type Colour = readonly [number, number, number];

/** A frame and a plate with `text`, one line; without a plate where `text` is empty. */
export interface BoxMark {
  /** x1, y1, x2, y2: pixels of the upright picture. */
  readonly box: readonly [number, number, number, number];
  readonly text: string;
  readonly colour: Colour;
}

/** The closed outline of an area. */
export interface PolygonMark {
  /** x, y of each corner: pixels of the upright picture. */
  readonly polygon: readonly (readonly [number, number])[];
  readonly colour: Colour;
}

export interface DetectOutput {
  /** x1, y1, x2, y2 of each detection, pixels of the upright original. */
  readonly boxes: Float64Array;
  readonly scores: Float32Array;
  readonly classes: Int32Array;
  /** Boxes that no picture can have: dropped. */
  readonly impossible: number;
  /** Candidates beyond the limit, the weakest ones: not looked at. */
  readonly capped: number;
  readonly times: {
    readonly letterbox: number;
    readonly queue: number;
    readonly infer: number;
    readonly post: number;
  };
  /** Pictures that shared the inference. */
  readonly batch: number;
}

export interface PrepareOptions {
  readonly classes: number;
  /** Pixels; 0 = the file's own. */
  readonly inputWidth: number;
  readonly inputHeight: number;
  /** A name of the layout table; empty: decided by the file. */
  readonly layout: string;
  readonly boxes: 'auto' | 'normalised' | 'pixels';
  /** What `ModelReading` says of the picture; empty: as the file and its family say. */
  readonly colour: 'rgb' | 'bgr' | '';
  readonly scale: '0..1' | '0..255' | '-1..1' | 'imagenet' | '';
  readonly fit: 'letterbox' | 'top_left' | 'stretch' | '';
  readonly instances: number;
  /** Measure threads against instances on this host instead. */
  readonly tune: boolean;
  /** Time batches; otherwise the model is ready after its warm-up. */
  readonly measure: boolean;
  /** 0 = as measured. */
  readonly maxBatch: number;
  /** Run only the batch sizes that were warmed up. */
  readonly fixedSizes: boolean;
}

/** A thread that has been at one task for too long. */
export interface StuckThread {
  readonly thread: string;
  readonly what: string;
  readonly seconds: number;
}

export interface ThreadReport {
  readonly stuck: readonly StuckThread[];
  /** Threads that were replaced since the engine was made. */
  readonly replaced: number;
}

export interface Native {
  createEngine(options: {
    backendFolder: string;
    /** A picture file for the warm-up of models. */
    samplePicture: string;
    decodeThreads: number;
    maxImages: number;
    maxImagePixels: number;
    fastJpeg: boolean;
    stuckAfterMs: number;
  }): EngineHandle;
  closeEngine(engine: EngineHandle): Promise<void>;
  engineThreads(engine: EngineHandle): ThreadReport;
  guardExit(graceMs: number): void;
  exitNow(status: number): never;
  /** `deadlineMs` from now; Infinity for none. */
  createTicket(bulk: boolean, deadlineMs: number): TicketHandle;
  cancelTicket(ticket: TicketHandle): void;
  decode(engine: EngineHandle, bytes: Uint8Array, ticket: TicketHandle): Promise<DecodedImage>;
  annotate(
    engine: EngineHandle,
    bytes: Uint8Array,
    marks: { boxes: readonly BoxMark[]; polygons: readonly PolygonMark[] },
    quality: number,
    ticket: TicketHandle,
  ): Promise<Buffer>;
  releaseImage(image: ImageHandle): void;
  openModel(engine: EngineHandle, options: OpenOptions): Promise<OpenedModel>;
  prepareModel(engine: EngineHandle, model: ModelHandle, options: PrepareOptions): Promise<PreparedModel>;
  closeModel(engine: EngineHandle, model: ModelHandle): Promise<void>;
  detect(
    engine: EngineHandle,
    model: ModelHandle,
    image: ImageHandle,
    minConfidence: number,
    ticket: TicketHandle,
  ): Promise<DetectOutput>;
  usableCpus(): number;
  exactInt8Products(): boolean;
}

function load(): Native {
  const file = path.join(binariesFolder, 'zmdetect.node');
  try {
    return createRequire(import.meta.url)(file) as Native;
  } catch (error) {
    throw new Error(
      `the native addon ${file} cannot be loaded on Node ${process.versions.node}, ${process.platform}-${process.arch}: ` +
        'run `npm run build:native` in the package folder (README, Set-up)',
      { cause: error },
    );
  }
}

export const native: Native = load();
