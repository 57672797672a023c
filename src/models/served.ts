/** Which models do what: all of them on the routes that name none, one on the route that does. */
import { nearest } from '../config/nearest.js';
import { ZmdetectError } from '../errors.js';
import type { RegisteredModel } from './registry.js';
import type { ModelSpec } from './spec.js';

export interface ModelSet {
  /** Configured, enabled or not, loadable or not. */
  readonly models: readonly RegisteredModel[];
  /** Those that requests run, in configuration order. */
  readonly active: readonly RegisteredModel[];
}

/** Errors: CONFIG_INVALID where one of `names`, the value of the key `key`, is the published name of no model. */
export function checkNames(specs: readonly ModelSpec[], key: string, names: readonly string[]): void {
  const known = specs.map(({ name }) => name);
  for (const name of names) if (!known.includes(name)) throw unknown(key, name, known);
}

/** The models that answer `/detect` and `/detect_urls`: those called one of `names`, or all where that is null. */
export function servedModels(all: ModelSet, names: readonly string[] | null): ModelSet {
  if (names === null) return all;
  const serves = ({ spec }: RegisteredModel) => names.includes(spec.name);
  return {
    models: all.models.filter(serves),
    // Which models failed to load is known only later.
    get active() {
      return all.active.filter(serves);
    },
  };
}

/**
 * The model that `/infer` means (wire generations, 6.2): the first of that type in configuration order and, with a
 * name, the one published under exactly that name. Another one never stands in for it.
 *
 * A model that is configured and has a file but could not be loaded is found as well: running it says why it cannot.
 */
export function findModel({ models, active }: ModelSet, type: string, name: string): RegisteredModel | undefined {
  const wanted = ({ spec }: RegisteredModel) => spec.type === type && (name === '' || spec.name === name);
  return active.find(wanted) ?? models.find((model) => wanted(model) && isThere(model));
}

function isThere({ spec }: RegisteredModel): boolean {
  return spec.config.enabled && spec.weightsPath !== null;
}

function unknown(key: string, name: string, known: readonly string[]): ZmdetectError {
  const near = nearest(name, known, 1)[0];
  const hint = near === undefined ? `there are ${known.join(', ') || 'none'}` : `did you mean "${near}"?`;
  return new ZmdetectError('CONFIG_INVALID', {
    reason: `expected names of models for ${key}, got "${name}"; ${hint}`,
  });
}
