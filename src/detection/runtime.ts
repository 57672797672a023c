/** How the runtimes are to run the models: which engine reads Darknet files, and what a GPU is to be used for. */
export const darknetEngines = ['auto', 'opencv', 'onnxruntime'] as const;
export const tensorrtModes = ['off', 'fp32', 'fp16'] as const;
export const int8Precisions = ['auto', 'exact', 'fast'] as const;

export interface RuntimeChoices {
  /** `auto`: ONNX Runtime where our importer takes the `.cfg`, else OpenCV. */
  readonly darknetEngine: (typeof darknetEngines)[number];
  /** CUDA's number of the device. */
  readonly gpuDevice: number;
  /** Bytes on the GPU that one model may take for its tensors; 0: no limit. */
  readonly gpuMemoryLimitBytes: number;
  /** TensorRT before CUDA, computing in that precision. */
  readonly tensorrt: (typeof tensorrtModes)[number];
  /** Directory where TensorRT keeps what it has built, which takes minutes. */
  readonly tensorrtCache: string;
  /** Record an inference's launches once and replay them: one instance, a fixed shape, every operator on CUDA. */
  readonly cudaGraph: boolean;
  /**
   * 8-bit models on an x86 processor without VNNI: `fast` saturates in silence, `exact` does not and takes about a
   * quarter more time. `auto`: exact where it makes a difference.
   */
  readonly int8Precision: (typeof int8Precisions)[number];
}

/** What a model entry says differently; null: as the server says. */
export type RuntimeOverrides = { readonly [K in keyof RuntimeChoices]: RuntimeChoices[K] | null };

export function defaultRuntimeChoices(): RuntimeChoices {
  return {
    darknetEngine: 'auto',
    gpuDevice: 0,
    gpuMemoryLimitBytes: 0,
    tensorrt: 'off',
    tensorrtCache: '/var/cache/zmdetect/tensorrt',
    cudaGraph: false,
    int8Precision: 'auto',
  };
}

export function noRuntimeOverrides(): RuntimeOverrides {
  return {
    darknetEngine: null,
    gpuDevice: null,
    gpuMemoryLimitBytes: null,
    tensorrt: null,
    tensorrtCache: null,
    cudaGraph: null,
    int8Precision: null,
  };
}

/** The server's choices with a model's own before them. */
export function chosen(overrides: RuntimeOverrides, choices: RuntimeChoices): RuntimeChoices {
  return {
    darknetEngine: overrides.darknetEngine ?? choices.darknetEngine,
    gpuDevice: overrides.gpuDevice ?? choices.gpuDevice,
    gpuMemoryLimitBytes: overrides.gpuMemoryLimitBytes ?? choices.gpuMemoryLimitBytes,
    tensorrt: overrides.tensorrt ?? choices.tensorrt,
    tensorrtCache: overrides.tensorrtCache ?? choices.tensorrtCache,
    cudaGraph: overrides.cudaGraph ?? choices.cudaGraph,
    int8Precision: overrides.int8Precision ?? choices.int8Precision,
  };
}
