import { ZmdetectError } from '../errors.js';
import { labelStyle, parseOnnxNames, readLabels } from './labels.js';
import type { ModelSpec } from './spec.js';

/**
 * The names of a model's classes: a configured label file, else the names inside the file, else the label file that
 * lies beside it. Errors: MODEL_LABELS_MISSING.
 */
export async function labelsOf(spec: ModelSpec, names: string | undefined): Promise<readonly string[]> {
  const style = labelStyle(spec.framework);
  if (spec.labelsConfigured && spec.labelsPath !== null) return await readLabels(spec.labelsPath, style);
  if (names !== undefined) return parseOnnxNames(names);
  if (spec.labelsPath !== null) return await readLabels(spec.labelsPath, style);
  throw new ZmdetectError('MODEL_LABELS_MISSING', {
    reason: `${spec.weightsPath} has no names inside and no label file beside it`,
  });
}
