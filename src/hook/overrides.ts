/** `--override show_percent=no`: one value of a monitor's view, for this run only. */
import { ConfigError } from '../config/problems.js';
import { isMapping, type Mapping } from '../config/readers.js';
import type { Rule } from './rules.js';
import { monitor } from './schema.js';

/**
 * Puts `path=value` into `view`, where the sections general, remote and ml have no name. A step into a list is `[0]` or
 * `[name]`. Throws ConfigError for a path that leads nowhere, and for a value that does not belong there.
 */
export function override(view: Mapping, text: string): void {
  const cut = text.indexOf('=');
  const [path, value] = [text.slice(0, cut), text.slice(cut + 1)];
  const steps = [...path.matchAll(/[^.[\]]+|\[([^\]]*)\]/g)].map(([step, inner]) => inner ?? step);
  const last = steps.pop();
  if (cut < 1 || last === undefined) throw new ConfigError([`expected KEY=VALUE for --override, got ${text}`]);
  let place: unknown = view;
  let rule: Rule | undefined = monitor;
  for (const step of steps) {
    place = Array.isArray(place) ? itemOf(place, step) : isMapping(place) ? place[step] : null;
    rule = below(rule, step);
  }
  const known = below(rule, last);
  if (!isMapping(place) || (known === undefined && !Object.hasOwn(place, last))) {
    throw new ConfigError([`--override ${path}: the configuration has no such key`]);
  }
  if (known?.kind === 'value' && !known.accepts(value, value)) {
    throw new ConfigError([`expected ${known.expected} for --override ${path}, got ${value}`]);
  }
  place[last] = value;
}

function below(rule: Rule | undefined, step: string): Rule | undefined {
  if (rule?.kind === 'list') return rule.item;
  if (rule?.kind !== 'mapping') return undefined;
  return Object.hasOwn(rule.keys, step) ? rule.keys[step] : rule.other?.(step);
}

function itemOf(list: readonly unknown[], step: string): unknown {
  if (/^\d+$/.test(step)) return list[Number(step)];
  return list.find((item) => isMapping(item) && String(item.name).toLowerCase() === step.toLowerCase());
}
