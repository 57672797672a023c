/** Which of the places that may name a model's classes counts. */
import { ZmdetectError } from '../errors.js';
import { limits } from '../limits.js';
import { labelStyle, readLabels, type Warn } from './labels.js';
import { parseNames } from './names.js';
import type { ModelSpec } from './spec.js';

/**
 * The names of a model's classes: a configured label file, else the names inside the file where they are usable, else the
 * label file that lies beside it. Errors: MODEL_LABELS_MISSING.
 */
export async function labelsOf(
  spec: ModelSpec,
  names: string | undefined,
  warn: Warn = () => undefined,
): Promise<readonly string[]> {
  return cleaned(await rawLabels(spec, names, warn), spec, warn);
}

async function rawLabels(spec: ModelSpec, names: string | undefined, warn: Warn): Promise<readonly string[]> {
  const { labelsPath } = spec;
  const style = labelStyle(spec.framework);
  if (spec.labelsConfigured && labelsPath !== null) return await readLabels(labelsPath, style, warn);
  if (names === undefined) {
    if (labelsPath !== null) return await readLabels(labelsPath, style, warn);
    throw new ZmdetectError('MODEL_LABELS_MISSING', {
      reason: `${spec.weightsPath} has no names inside and no label file beside it`,
    });
  }
  try {
    return parseNames(names);
  } catch (error) {
    if (labelsPath === null || !(error instanceof ZmdetectError)) throw error;
    warn(`${error.message}; the label file ${labelsPath} counts instead`);
    return await readLabels(labelsPath, style, warn);
  }
}

/** Control and direction characters would rewrite the terminal or the log line in which a label is shown. */
const unsafe = /[\p{Cc}\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/gu;

function cleaned(labels: readonly string[], spec: ModelSpec, warn: Warn): readonly string[] {
  const most = limits.labelCharacters.value;
  const long = labels.findIndex((label) => label.length > most);
  if (long >= 0) {
    throw new ZmdetectError('MODEL_LABELS_MISSING', {
      reason: `the name of class ${long} of ${spec.weightsPath} has ${labels[long]?.length} characters: expected at most ${most}`,
    });
  }
  const clean = labels.map((label) => label.replace(unsafe, ''));
  const count = clean.filter((label, id) => label !== labels[id]).length;
  if (count > 0) warn(`${count} of the class names of ${spec.name} hold control characters, which are left out`);
  return clean;
}
