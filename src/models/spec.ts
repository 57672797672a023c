/** What the server knows of a model before it is loaded. */
import { defaultModelConfig, type ModelConfig, type Processor } from '../detection/config.js';
import type { ModelType } from '../detection/detection.js';
import { chosen, defaultRuntimeChoices, type RuntimeChoices } from '../detection/runtime.js';

export interface ModelSpec {
  /** The published name: what `/models` lists and `/infer` finds. A nameless entry is published as its framework. */
  readonly name: string;
  /** What the person wrote; a directory's name publishes the stem of the file found in it. */
  readonly requestedName: string;
  readonly type: ModelType;
  readonly framework: string;
  readonly processor: Processor;
  /** null: nothing was found, and loading fails. */
  readonly weightsPath: string | null;
  readonly configPath: string | null;
  readonly labelsPath: string | null;
  /** Whether `labelsPath` was configured and so wins over the names inside an ONNX file; found files only stand in. */
  readonly labelsConfigured: boolean;
  /** Registered now, loaded on first use. */
  readonly lazy: boolean;
  readonly config: ModelConfig;
  readonly runtime: RuntimeChoices;
}

/** What the server says about runtimes and accelerators for all its models. */
export interface AcceleratorPolicy extends RuntimeChoices {
  readonly allowCpuFallback: boolean;
  /** null: as each model says. */
  readonly gpuRetrySeconds: number | null;
}

/** What holds where nobody says anything. */
export function defaultPolicy(): AcceleratorPolicy {
  return { allowCpuFallback: true, gpuRetrySeconds: null, ...defaultRuntimeChoices() };
}

export interface Files {
  readonly weights: string | null;
  readonly config: string | null;
  readonly labels: string | null;
}

/**
 * A spec of `config`. The paths in `config` are the person's and win over `found`, what lies beside the weights.
 * The policy only tightens: a model's own values stay unless the server's were set.
 */
export function specOf(
  config: ModelConfig,
  found: Files,
  policy: AcceleratorPolicy,
  { requestedName = config.name, lazy = false } = {},
): ModelSpec {
  const governed: ModelConfig = {
    ...config,
    allowCpuFallback: config.allowCpuFallback && policy.allowCpuFallback,
    gpuRetrySeconds: policy.gpuRetrySeconds ?? config.gpuRetrySeconds,
  };
  return {
    name: config.name || config.framework,
    requestedName,
    type: config.type,
    framework: config.framework,
    processor: config.processor,
    weightsPath: config.weights ?? found.weights,
    configPath: config.config ?? found.config,
    labelsPath: config.labels ?? found.labels,
    labelsConfigured: config.labels !== null,
    lazy,
    config: governed,
    runtime: chosen(config, policy),
  };
}

/**
 * The entry that upstream makes of a weight file, by its extension. What upstream cannot: where `cpu` was asked for
 * (`given`) and is not only the default, a `.tflite` runs on it.
 */
export function entryFor(
  name: string,
  weightsPath: string | null,
  { processor, processorGiven: given }: { readonly processor: Processor; readonly processorGiven: boolean },
): ModelConfig {
  const coral = weightsPath !== null && /\.tflite$/i.test(weightsPath);
  const entry: ModelConfig = { ...defaultModelConfig(), name, processor };
  const onCpu = given && processor === 'cpu';
  return coral ? { ...entry, framework: 'coral_edgetpu', processor: onCpu ? 'cpu' : 'tpu' } : entry;
}
