/** What GET /models says of a model. */
import type { Processor } from '../detection/config.js';
import type { Loaded } from './load.js';
import type { ModelSpec } from './spec.js';

/** `degraded`: it runs, but not on the processor that it was asked to run on, or with boxes that no picture can have. */
export type ModelState = 'registered' | 'loading' | 'ready' | 'degraded' | 'failed';

export interface LeftOut {
  readonly impossible: number;
  readonly capped: number;
}

/** One row of GET /models. The first six keys are what clients of every generation read. */
export interface ModelRow {
  readonly name: string;
  readonly type: string;
  readonly framework: string;
  readonly loaded: boolean;
  /** What it runs on now; what it was asked to run on until it is loaded. */
  readonly processor: Processor;
  readonly requested_processor: Processor;
  readonly state: ModelState;
  readonly error: string | null;
  readonly device: string | null;
  /** The library that runs it, with its version. */
  readonly runtime: string | null;
  /** Pixels: width, height. */
  readonly input: readonly [number, number] | null;
  readonly layout: string | null;
  /** Which rule chose the layout. */
  readonly decided_by: string | null;
  /** How pictures are fed: type and order of the numbers, colours, range, fit. */
  readonly picture: string | null;
  /** Since it was loaded: boxes that no picture can have, and candidates beyond the limit. Neither is in an answer. */
  readonly left_out: LeftOut | null;
  /** Pictures in one inference at most, and whether the file leaves their number open. */
  readonly batch: { readonly max: number; readonly kind: 'dynamic' | 'static' } | null;
  readonly warmup_ms: number | null;
  /** Whether 8-bit products are exact on this processor; null where ONNX Runtime does not run it on the CPU. */
  readonly int8: 'exact' | 'fast' | null;
}

export function rowOf(
  spec: ModelSpec,
  loaded: Loaded | undefined,
  { state, error, leftOut }: { readonly state: ModelState; readonly error: string | null; readonly leftOut: LeftOut },
): ModelRow {
  const { name, type, framework, processor } = spec;
  return {
    name,
    type,
    framework,
    loaded: loaded !== undefined,
    processor: loaded?.processor ?? processor,
    requested_processor: processor,
    state,
    error,
    device: loaded?.native.device ?? null,
    runtime: loaded?.native.runtime ?? null,
    input: loaded ? [loaded.prepared.inputWidth, loaded.prepared.inputHeight] : null,
    layout: loaded?.prepared.layout ?? null,
    decided_by: loaded?.prepared.decidedBy ?? null,
    picture: loaded?.prepared.picture ?? null,
    left_out: loaded ? leftOut : null,
    batch: loaded ? { max: loaded.prepared.maxBatch, kind: loaded.prepared.dynamicBatch ? 'dynamic' : 'static' } : null,
    int8: loaded?.int8 ?? null,
    warmup_ms: loaded ? Math.round(loaded.prepared.warmupMs) : null,
  };
}
