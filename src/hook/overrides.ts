/** `--override general.key=value`: one value of a monitor's view, for this run only. */
import { isMapping, type Mapping } from '../config/readers.js';
import { ConfigError } from '../config/problems.js';

/**
 * Puts `path=value` into `view`, where the sections general, remote and ml have no name. A step into a list is `[0]` or
 * `[name]`. Throws ConfigError for a path that leads nowhere.
 */
export function override(view: Mapping, text: string): void {
  const cut = text.indexOf('=');
  const steps = [...text.slice(0, cut).matchAll(/[^.[\]]+|\[([^\]]*)\]/g)].map(([step, inner]) => inner ?? step);
  const last = steps.pop();
  if (cut < 1 || last === undefined) throw new ConfigError([`expected KEY=VALUE for --override, got ${text}`]);
  let place: unknown = view;
  for (const step of steps) place = Array.isArray(place) ? itemOf(place, step) : isMapping(place) ? place[step] : null;
  if (!isMapping(place) || !Object.hasOwn(place, last)) {
    throw new ConfigError([`--override ${text.slice(0, cut)}: the configuration has no such key`]);
  }
  place[last] = text.slice(cut + 1);
}

function itemOf(list: readonly unknown[], step: string): unknown {
  if (/^\d+$/.test(step)) return list[Number(step)];
  return list.find((item) => isMapping(item) && String(item.name).toLowerCase() === step.toLowerCase());
}
