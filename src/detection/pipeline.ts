/** One frame through all models: gates, each model's own filters, the match strategy, then the detector's filters. */
import type { DetectorConfig, MatchStrategy, ModelConfig, TypeOverrides } from './config.js';
import type { Detection, ModelType, Size } from './detection.js';
import { compilePattern } from './pattern.js';
import { limitSize } from './size.js';
import { chooseDetections } from './strategy.js';

export type PipelineConfig = Pick<DetectorConfig, 'matchStrategy' | 'pattern' | 'maxDetectionSize' | 'typeOverrides'>;
export type PipelineModel = Pick<
  ModelConfig,
  'enabled' | 'type' | 'pattern' | 'maxDetectionSize' | 'preExistingLabels'
>;

export interface PipelineOptions {
  /** Of the picture, in pixels: what a size limit in per cent refers to. */
  readonly size: Size;
  readonly signal?: AbortSignal | undefined;
}

export interface PipelineOutcome<Model> {
  /** In model order, not yet filtered by zones or past detections. */
  readonly detections: readonly Detection[];
  /** Models that could not run, in model order; the others' detections count all the same. */
  readonly failures: readonly { readonly model: Model; readonly error: unknown }[];
  /** What to log. */
  readonly warnings: readonly string[];
}

/**
 * @param models the loaded ones, in configured order; those not enabled are left out
 * @param infer detections of one model, in the order of descending confidence
 * @throws ZmdetectError PATTERN_INVALID; whatever `infer` rejects with once the signal is aborted, or with the code
 *   CANCELLED or DEADLINE_EXCEEDED. Any other rejection is a failure of that model only.
 */
export async function analyseFrame<Model extends PipelineModel>(
  config: PipelineConfig,
  models: readonly Model[],
  infer: (model: Model) => Promise<readonly Detection[]>,
  options: PipelineOptions,
): Promise<PipelineOutcome<Model>> {
  const frame = new Frame(infer, options);
  const pattern = compilePattern(config.pattern);
  // A bad pattern is told before anything runs; good ones are cached.
  for (const model of models) compilePattern(model.pattern);
  /** Before the detector's own filters: what the gates look at. */
  const found: Detection[] = [];
  const detections: Detection[] = [];
  for (const [type, group] of groupByType(models)) {
    const gate = group.find((model) => model.preExistingLabels.length > 0);
    if (gate && !hasAny(found, gate.preExistingLabels)) continue;
    const own: TypeOverrides = config.typeOverrides[type] ?? {};
    const list = await frame.runType(group, own.matchStrategy ?? config.matchStrategy);
    found.push(...list);
    const matching = list.filter(({ label }) => pattern.matches(label));
    // A type's own limit stands in for the detector's.
    detections.push(...frame.limited(matching, own.maxDetectionSize ?? config.maxDetectionSize));
  }
  const failures = models.flatMap((model) => {
    const failure = frame.failures.get(model);
    return failure ? [{ model, error: failure.error }] : [];
  });
  return { detections, failures, warnings: Array.from(frame.warnings) };
}

/** What is collected while one frame passes. */
class Frame<Model extends PipelineModel> {
  readonly failures = new Map<Model, { readonly error: unknown }>();
  readonly warnings = new Set<string>();
  readonly #infer: (model: Model) => Promise<readonly Detection[]>;
  readonly #options: PipelineOptions;

  constructor(infer: (model: Model) => Promise<readonly Detection[]>, options: PipelineOptions) {
    this.#infer = infer;
    this.#options = options;
  }

  /** Models of one type side by side, unless one may stop or skip a later one. */
  async runType(models: readonly Model[], strategy: MatchStrategy): Promise<readonly Detection[]> {
    const gated = models.slice(1).some((model) => model.preExistingLabels.length > 0);
    if (strategy !== 'first' && !gated) {
      return chooseDetections(strategy, await Promise.all(models.map((model) => this.#run(model))));
    }
    const lists: (readonly Detection[])[] = [];
    for (const model of models) {
      const before = chooseDetections(strategy, lists);
      if (strategy === 'first' && before.length > 0) break;
      const { preExistingLabels } = model;
      if (preExistingLabels.length > 0 && before.length > 0 && !hasAny(before, preExistingLabels)) continue;
      lists.push(await this.#run(model));
    }
    return chooseDetections(strategy, lists);
  }

  async #run(model: Model): Promise<readonly Detection[]> {
    const pattern = compilePattern(model.pattern);
    this.#options.signal?.throwIfAborted();
    let raw: readonly Detection[] = [];
    try {
      raw = await this.#infer(model);
    } catch (error) {
      if (this.#options.signal?.aborted || endsRequest(error)) throw error;
      this.failures.set(model, { error });
    }
    return this.limited(
      raw.filter(({ label }) => pattern.matches(label)),
      model.maxDetectionSize,
    );
  }

  limited(detections: readonly Detection[], limit: string | null): readonly Detection[] {
    const { kept, warning } = limitSize(detections, limit, this.#options.size);
    if (warning !== null) this.warnings.add(warning);
    return kept;
  }
}

/** Types in the order in which they first appear. */
function groupByType<Model extends PipelineModel>(models: readonly Model[]): Map<ModelType, Model[]> {
  const groups = new Map<ModelType, Model[]>();
  for (const model of models) {
    if (!model.enabled) continue;
    const group = groups.get(model.type);
    if (group) group.push(model);
    else groups.set(model.type, [model]);
  }
  return groups;
}

function hasAny(detections: readonly Detection[], labels: readonly string[]): boolean {
  return detections.some(({ label }) => labels.includes(label));
}

/** Errors that are about the request and not about one model. */
function endsRequest(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return code === 'CANCELLED' || code === 'DEADLINE_EXCEEDED';
}
