/** From a spec to a warmed-up model on a given processor. */
import type { Processor } from '../detection/config.js';
import type { ModelReading } from '../detection/reading.js';
import type { RuntimeChoices } from '../detection/runtime.js';
import { unmatchedSentence } from '../detection/unmatched.js';
import { type Engine, exactInt8Products, type NativeModel, usableCpus } from '../engine/engine.js';
import type { OpenOptions, PreparedModel, PrepareOptions } from '../engine/native.js';
import { ZmdetectError } from '../errors.js';
import { labelsOf } from './labels-of.js';
import type { ModelSpec } from './spec.js';
import { tfliteNames } from './tflite-names.js';
import { checkWeightFile, refuseSpecial } from './weight-file.js';

export interface LoadOptions {
  /** Threads inside one inference; 0 = automatic. */
  readonly intraOpThreads: number;
  /** Inferences of one model at once; 0 = automatic. */
  readonly instances: number;
  /** Measure threads against instances before the model is ready; otherwise one inference has all threads. */
  readonly tune?: boolean;
}

/** Weights in memory, warmed up by a real inference on the device, with the name of every class. */
export interface Loaded {
  readonly native: NativeModel;
  readonly prepared: PreparedModel;
  readonly labels: readonly string[];
  /** Whole sentences for the log: what is odd about the file and is no reason to refuse it. */
  readonly warnings: readonly string[];
  /** What it runs on. */
  readonly processor: Processor;
  /** Why it does not run on the processor that was asked for, where no failure is the reason. */
  readonly elsewhere: string | null;
  /** Whether 8-bit products are exact, of models that ONNX Runtime runs on the CPU. */
  readonly int8: 'exact' | 'fast' | null;
  /** It was not measured how it uses the processors best. */
  readonly awaitsTrials: boolean;
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
  await checkWeightFile(weightsPath);
  if (spec.configPath !== null) await refuseSpecial(spec.configPath);
  const size = { inputWidth: config.modelWidth ?? 0, inputHeight: config.modelHeight ?? 0 };
  const { darknetEngine, int8Precision, gpuMemoryLimitBytes: gpuMemoryLimit, ...gpu } = spec.runtime;
  const darknet = /\.weights$/i.test(weightsPath);
  const tflite = /\.tflite$/i.test(weightsPath);
  // Only TFLite has a TPU; for the other formats upstream takes `tpu` as `cpu` (contract 4.4).
  const runsOn = processor === 'tpu' && !tflite ? 'cpu' : processor;
  const elsewhere =
    runsOn === processor ? null : `only TensorFlow Lite models run on a TPU: ${weightsPath} runs on the CPU`;
  const tune = options.tune ?? true;
  const exactInt8 =
    runsOn === 'cpu' && (int8Precision === 'exact' || (int8Precision === 'auto' && !exactInt8Products()));
  const open: Open = async (backend) => {
    const { intraOpThreads, ...parallel } = parallelism(instancesOf(backend, runsOn, gpu.cudaGraph), options);
    const native = await engine.open({
      backend,
      path: weightsPath,
      configPath: spec.configPath ?? '',
      processor: runsOn,
      ...size,
      ...gpu,
      gpuMemoryLimit,
      intraOpThreads,
      exactInt8,
    });
    return { native, parallel, backend };
  };
  const { native, parallel, backend } = await (darknet
    ? openDarknet(open, darknetEngine)
    : open(tflite ? 'tflite' : 'onnx'));
  try {
    const warnings: string[] = [];
    const names = native.metadata.names ?? (tflite ? await tfliteNames(weightsPath) : undefined);
    const labels = await labelsOf(spec, names, (sentence) => warnings.push(sentence));
    const unmatched = unmatchedSentence(config.pattern, labels);
    if (unmatched !== null) warnings.push(`model ${spec.name}: ${unmatched}`);
    const prepared = await native.prepare({
      classes: labels.length,
      // Darknet models are imported at the size that was asked for.
      ...(darknet ? { inputWidth: 0, inputHeight: 0 } : size),
      ...readingOf(config),
      ...parallel,
      tune: parallel.tune && tune,
      measure: tune,
      fixedSizes: runsOn === 'gpu',
    });
    const int8 = backend !== 'onnx' || runsOn !== 'cpu' ? null : exactInt8 || exactInt8Products() ? 'exact' : 'fast';
    const awaitsTrials = parallel.tune && !tune && usableCpus() > 1;
    return {
      native,
      prepared,
      labels,
      warnings,
      processor: runsOn,
      elsewhere,
      int8,
      awaitsTrials,
      measured: measuredOf(prepared),
    };
  } catch (error) {
    await native.close();
    throw error;
  }
}

function readingOf({ layout, boxes, colour, scale, fit }: ModelReading): Partial<PrepareOptions> {
  return { layout: layout ?? '', boxes: boxes ?? 'auto', colour: colour ?? '', scale: scale ?? '', fit: fit ?? '' };
}

interface Opened {
  readonly native: NativeModel;
  readonly parallel: { readonly instances: number; readonly tune: boolean };
  readonly backend: OpenOptions['backend'];
}
type Open = (backend: OpenOptions['backend']) => Promise<Opened>;

/** `auto` takes OpenCV for a `.cfg` with a section or an option that our importer does not know, and for nothing else. */
async function openDarknet(open: Open, engine: RuntimeChoices['darknetEngine']): Promise<Opened> {
  if (engine !== 'auto') return await open(engine === 'opencv' ? 'opencv' : 'onnx');
  try {
    return await open('onnx');
  } catch (first) {
    if (!(first instanceof ZmdetectError) || first.code !== 'MODEL_LAYOUT_UNKNOWN') throw first;
    return await open('opencv').catch((second: unknown) => {
      if (!(second instanceof ZmdetectError)) throw second;
      const reason = `${first.message}; nor does OpenCV take it: ${second.message}`;
      throw new ZmdetectError(second.code, { reason }, { cause: second });
    });
  }
}

function measuredOf({ imagesPerSecond }: PreparedModel): Measured {
  return { pictureMs: 1000 / imagesPerSecond };
}

/**
 * How many inferences at once where nobody said: an accelerator has one picture's answer read while it computes the next,
 * but what it has recorded it replays for one only; OpenCV and TensorFlow Lite have threads of their own; ONNX Runtime is
 * measured on this host.
 */
function instancesOf(backend: OpenOptions['backend'], processor: Processor, cudaGraph: boolean): number | 'measure' {
  if (backend !== 'onnx') return 1;
  if (processor === 'gpu') return cudaGraph ? 1 : 2;
  return 'measure';
}

/** How many inferences at once, of how many threads. What is configured holds, before `instances`. */
function parallelism(instances: number | 'measure', { intraOpThreads: threads, instances: wanted }: LoadOptions) {
  if (instances !== 'measure') return { intraOpThreads: threads, instances: wanted || instances, tune: false };
  const share = (by: number) => Math.max(1, Math.floor(usableCpus() / by));
  return {
    intraOpThreads: threads || (wanted > 0 ? share(wanted) : 0),
    instances: wanted || (threads > 0 ? share(threads) : 1),
    tune: threads === 0 && wanted === 0,
  };
}
