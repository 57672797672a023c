/** From a spec to a warmed-up model on a given processor. */
import type { Processor } from '../detection/config.js';
import type { Engine, NativeModel } from '../engine/engine.js';
import type { PreparedModel } from '../engine/native.js';
import { ZmdetectError } from '../errors.js';
import { labelsOf } from './labels-of.js';
import type { ModelSpec } from './spec.js';

export interface LoadOptions {
  /** Threads inside one inference; 0 = the processors that this process may use. */
  readonly intraOpThreads: number;
  /** Inferences of one model at once; 0 = 1. */
  readonly instances: number;
}

/** Weights in memory, warmed up by a real inference on the device, with the name of every class. */
export interface Loaded {
  readonly native: NativeModel;
  readonly prepared: PreparedModel;
  readonly labels: readonly string[];
  readonly processor: Processor;
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
  const native = await engine.open({
    backend: tflite ? 'tflite' : 'onnx',
    path: weightsPath,
    configPath: spec.configPath ?? '',
    // Only TFLite has a TPU; for the other formats upstream takes `tpu` as `cpu` (contract 4.4).
    processor: processor === 'tpu' && !tflite ? 'cpu' : processor,
    ...size,
    intraOpThreads: options.intraOpThreads,
  });
  try {
    const labels = await labelsOf(spec, native.metadata.names);
    const prepared = await native.prepare({
      classes: labels.length,
      // Darknet models are imported at the size that was asked for.
      ...(/\.weights$/i.test(weightsPath) ? { inputWidth: 0, inputHeight: 0 } : size),
      instances: options.instances || 1,
    });
    return { native, prepared, labels, processor };
  } catch (error) {
    await native.close();
    throw error;
  }
}
