/** `--override show_percent=no`: one value of a monitor's view, for this run only. */
import { ConfigError } from '../config/problems.js';
import { isMapping, type Mapping } from '../config/readers.js';
import type { Rule } from './rules.js';
import { monitor } from './schema.js';

/**
 * Puts `path=value` into `view`, where the sections general, remote and ml have no name. A step into a list is `[0]` or
 * `[name]`. Returns what to say where that is not done, or not as written: zm_detect.py runs all the same. Throws
 * ConfigError for a value that it does not run with either.
 */
export function override(view: Mapping, text: string): string | undefined {
  const cut = text.indexOf('=');
  const [path, value] = [text.slice(0, cut).trim(), text.slice(cut + 1)];
  const steps = [...path.matchAll(/[^.[\]]+|\[([^\]]*)\]/g)].map(([step, inner]) => inner ?? step);
  const last = steps.pop();
  if (cut < 1 || last === undefined) return `--override ${text} is ignored: expected KEY=VALUE`;
  let place: unknown = view;
  let rule: Rule | undefined = monitor;
  for (const step of steps) {
    place = Array.isArray(place) ? itemOf(place, step) : isMapping(place) ? place[step] : null;
    rule = below(rule, step);
  }
  const known = below(rule, last);
  if (!isMapping(place) || (known === undefined && !Object.hasOwn(place, last))) {
    return `--override ${text} is ignored: the configuration has no key ${path}`;
  }
  if (known?.kind === 'mapping' || known?.kind === 'list') {
    return `--override ${text} is ignored: ${path} holds more than one value, so name a key or an item of it`;
  }
  if (known?.kind !== 'value' || known.accepts(value, value)) {
    place[last] = value;
    return undefined;
  }
  const sentence = `expected ${known.expected} for --override ${path}, got ${value}`;
  const instead = known.instead?.(value);
  if (instead === undefined) throw new ConfigError([sentence]);
  place[last] = instead.value;
  return `${sentence}: ${instead.says}`;
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
