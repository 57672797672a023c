/** From a spec to a warmed-up model on a given processor. */
import type { Processor } from '../detection/config.js';
import { type Engine, type NativeModel, usableCpus } from '../engine/engine.js';
import type { PreparedModel } from '../engine/native.js';
import { ZmdetectError } from '../errors.js';
import { labelsOf } from './labels-of.js';
import type { ModelSpec } from './spec.js';

export interface LoadOptions {
  /** Threads inside one inference; 0 = automatic. */
  readonly intraOpThreads: number;
  /** Inferences of one model at once; 0 = automatic. */
  readonly instances: number;
  /** Pictures in one inference at most; 0 = automatic. */
  readonly maxBatch?: number;
}

/** Weights in memory, warmed up by a real inference on the device, with the name of every class. */
export interface Loaded {
  readonly native: NativeModel;
  readonly prepared: PreparedModel;
  readonly labels: readonly string[];
  readonly processor: Processor;
  readonly measured: Measured;
}

/** What the engine has measured of a model while it loaded it. */
export interface Measured {
  /** Milliseconds of inference for a picture when one follows the other. */
  readonly pictureMs: number;
}

/**
 * Errors: MODEL_FILE_MISSING, MODEL_UNREADABLE, MODEL_LAYOUT_UNKNOWN, MODEL_LABELS_MISSING, MODEL_OUTPUT_INVALID,
 * BACKEND_UNAVAILABLE, DEVICE_UNAVAILABLE, INFERENCE_FAILED, OUT_OF_MEMORY.
 */
export async function loadModel(
  spec: ModelSpec,
  processor: Processor,
  engine: Engine,
  options: LoadOptions,
): Promise<Loaded> {
  const { weightsPath, config } = spec;
  if (weightsPath === null) {
    throw new ZmdetectError('MODEL_FILE_MISSING', { reason: `no weight file was found for model ${spec.name}` });
  }
  const size = { inputWidth: config.modelWidth ?? 0, inputHeight: config.modelHeight ?? 0 };
  const tflite = /\.tflite$/i.test(weightsPath);
  // Only TFLite has a TPU; for the other formats upstream takes `tpu` as `cpu` (contract 4.4).
  const runsOn = processor === 'tpu' && !tflite ? 'cpu' : processor;
  const { intraOpThreads, ...parallel } = parallelism(tflite ? 1 : runsOn === 'cpu' ? 'measure' : 2, options);
  const native = await engine.open({
    backend: tflite ? 'tflite' : 'onnx',
    path: weightsPath,
    configPath: spec.configPath ?? '',
    processor: runsOn,
    ...size,
    intraOpThreads,
  });
  try {
    const labels = await labelsOf(spec, native.metadata.names);
    const prepared = await native.prepare({
      classes: labels.length,
      // Darknet models are imported at the size that was asked for.
      ...(/\.weights$/i.test(weightsPath) ? { inputWidth: 0, inputHeight: 0 } : size),
      ...parallel,
      maxBatch: options.maxBatch ?? 0,
      fixedSizes: runsOn === 'gpu',
    });
    return { native, prepared, labels, processor, measured: measuredOf(prepared) };
  } catch (error) {
    await native.close();
    throw error;
  }
}

function measuredOf({ imagesPerSecond }: PreparedModel): Measured {
  return { pictureMs: 1000 / imagesPerSecond };
}

/**
 * How many inferences at once, of how many threads. What is configured holds; `instances` says what it is otherwise:
 * a number where the processors do not matter (an accelerator has one picture's answer read while it computes the
 * next), or measured on this host.
 */
function parallelism(instances: number | 'measure', { intraOpThreads: threads, instances: wanted }: LoadOptions) {
  if (instances !== 'measure') return { intraOpThreads: threads, instances: wanted || instances, tune: false };
  const share = (by: number) => Math.max(1, Math.floor(usableCpus() / by));
  return {
    intraOpThreads: threads || (wanted > 0 ? share(wanted) : 0),
    instances: wanted || (threads > 0 ? share(threads) : 1),
    tune: threads === 0 && wanted === 0,
  };
}
