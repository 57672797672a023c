/** One monitor's view of the file: its own keys over the general ones, and paths filled in. */
import path from 'node:path';

import { isMapping, type Mapping } from '../config/readers.js';
import type { Path } from '../config/yaml.js';

/** Keys of `override` win; mappings are merged key by key, lists are replaced. Neither argument is changed. */
function merged(base: Mapping, override: Mapping): Mapping {
  const result: Mapping = { ...base };
  for (const [key, value] of Object.entries(override)) {
    const below = result[key];
    result[key] = isMapping(below) && isMapping(value) ? merged(below, value) : value;
  }
  return result;
}

const defaultDataPath = '/var/lib/zmeventnotification';

/** `${base_data_path}`, or `{{base_data_path}}` as older files have it, in every text of `value`. */
function withDataPath(value: unknown, dataPath: string): unknown {
  if (typeof value === 'string') return value.replace(/\$\{base_data_path\}|\{\{base_data_path\}\}/g, () => dataPath);
  if (Array.isArray(value)) return value.map((item) => withDataPath(item, dataPath));
  if (!isMapping(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withDataPath(item, dataPath)]));
}

/** The sections without their names, as one monitor sees them: `general`, `remote` and `ml`, then the monitor's own. */
export function viewOf(tree: Mapping, monitorId: string | undefined): Mapping {
  const sections = [tree.general, tree.remote, tree.ml].filter(isMapping);
  const flat = sections.reduce<Mapping>((all, part) => ({ ...all, ...part }), {});
  const own = monitorId === undefined ? undefined : section(tree.monitors, monitorId);
  const view = isMapping(own) ? merged(flat, own) : flat;
  return withDataPath(view, dataPathOf(view)) as Mapping;
}

function dataPathOf(view: Mapping): string {
  return typeof view.base_data_path === 'string' ? view.base_data_path : defaultDataPath;
}

/** Where models lie that are named without a file. */
export function modelsFolderOf(view: Mapping): string {
  return path.join(dataPathOf(view), 'models');
}

/** Whether a key says anything: one without a value does not. */
export function given(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '';
}

/** A key of `remote` may also stand in `ml_sequence.general`, where pyzm itself looks for it. */
export function setting(view: Mapping, key: string): unknown {
  return view[key] ?? section(section(view.ml_sequence, 'general'), key);
}

function section(value: unknown, key: string): unknown {
  return isMapping(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

/** What stands at a path of keys and indices; undefined where nothing does. */
export function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (inner, step) => (isMapping(inner) || Array.isArray(inner) ? (inner as Mapping)[step] : undefined),
    value,
  );
}
