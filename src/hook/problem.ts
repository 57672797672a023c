/** What is wrong, or odd, about an `objectconfig.yml`. */
import type { Path } from '../config/yaml.js';

/**
 * `error`: no event can be analysed with it. `warning`: an event is analysed, but not as the file was meant. `note`:
 * nothing goes wrong here.
 */
export type Severity = 'error' | 'warning' | 'note';

export interface Problem {
  readonly severity: Severity;
  /** `file:line:column: what is wrong: how to mend it`. */
  readonly sentence: string;
  /** Keys and indices that lead there; empty for the file as a whole. */
  readonly path: Path;
}

/** Takes down what is wrong with the value at a path. */
export type Say = (severity: Severity, path: Path, text: string) => void;

export function nameOf(path: Path): string {
  return path.reduce<string>(
    (name, step) => (typeof step === 'number' ? `${name}[${step}]` : name === '' ? step : `${name}.${step}`),
    '',
  );
}
