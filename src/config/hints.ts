/** Unknown keys are ignored, as upstream does; those that look like a known one get a word of warning. */
import { detectorShape, modelShape, overridesShape } from './detector-schema.js';
import { nearest } from './nearest.js';
import { isMapping, snakeCase } from './readers.js';

/** The names of flags, which people write into files where the key is called otherwise. */
const flagNames = new Map([
  ['auth', 'auth_enabled'],
  ['auth_user', 'auth_username'],
  ['no_cpu_fallback', 'allow_cpu_fallback'],
  ['debug', 'log_level'],
]);

const [detectorKeys, modelKeys, overrideKeys] = [detectorShape, modelShape, overridesShape].map(keysOf) as [
  readonly string[],
  readonly string[],
  readonly string[],
];

function keysOf(shape: object): readonly string[] {
  return Object.keys(shape).map(snakeCase);
}

/** One warning for each misspelt key of a server configuration whose own keys are `names` (camelCase). */
export function misspeltKeys(raw: Record<string, unknown>, names: readonly string[]): string[] {
  const warnings = misspeltIn(raw, names.map(snakeCase), '', (key) => flagNames.get(key));
  const detector = raw.detector_config;
  if (!isMapping(detector)) return warnings;
  warnings.push(...misspeltIn(detector, detectorKeys, 'detector_config.'));
  for (const [index, model] of Array.isArray(detector.models) ? detector.models.entries() : []) {
    if (isMapping(model)) {
      warnings.push(...misspeltIn(model, modelKeys, `detector_config.models[${index}].`, sequenceKey));
    }
  }
  for (const [type, overrides] of isMapping(detector.type_overrides) ? Object.entries(detector.type_overrides) : []) {
    if (isMapping(overrides)) {
      warnings.push(...misspeltIn(overrides, overrideKeys, `detector_config.type_overrides.${type}.`));
    }
  }
  return warnings;
}

/** `object_weights` and its like are the keys of an `ml_sequence`; here they go without the prefix. */
function sequenceKey(key: string): string | undefined {
  const rest = key.replace(/^(?:object|face|alpr|audio)_/, '');
  return rest !== key && modelKeys.includes(rest) ? rest : undefined;
}

function misspeltIn(
  mapping: Record<string, unknown>,
  known: readonly string[],
  place: string,
  meant: (key: string) => string | undefined = () => undefined,
): string[] {
  return Object.keys(mapping)
    .filter((key) => !known.includes(key))
    .flatMap((key) => {
      const near = meant(key) ?? nearest(key, known, 1)[0];
      return near === undefined ? [] : [`unknown key ${place}${key} is ignored: did you mean ${place}${near}?`];
    });
}
