/** From the names in the configuration to model specs, by upstream's rules for looking through `base_path`. */
import { dirname, isAbsolute, parse, resolve } from 'node:path';
import { nearest } from '../config/nearest.js';
import type { DetectorConfig, Processor } from '../detection/config.js';
import { type AcceleratorPolicy, entryFor, type Files, type ModelSpec, specOf } from './spec.js';
import { foreignSentence } from './foreign.js';
import { besides, type Directory, isWeightPath, Tree, type WeightFile } from './tree.js';

export interface Found {
  readonly specs: readonly ModelSpec[];
  /** Whole sentences for the log: what was not found or not readable. Finding models never fails. */
  readonly warnings: readonly string[];
}

/** What this part reads of the server's configuration. */
export interface Wanted extends AcceleratorPolicy {
  readonly models: readonly string[];
  readonly basePath: string;
  readonly processor: Processor;
  /** Whether `processor` was asked for, or is the default. */
  readonly processorGiven: boolean;
  readonly detectorConfig: DetectorConfig | null;
}

/** The models of a server, in the order that counts. A `detectorConfig` is used alone; `['all']` is lazy. */
export async function findModels(wanted: Wanted): Promise<Found> {
  const tree = new Tree();
  const warnings: string[] = [];
  const specs = await (wanted.detectorConfig !== null
    ? configured(wanted.detectorConfig, wanted, tree)
    : wanted.models.length === 1 && wanted.models[0] === 'all'
      ? everything(wanted, tree, warnings)
      : named(wanted, tree, warnings));
  return {
    specs,
    warnings: [...tree.warnings, ...warnings, ...tree.foreign.map(foreignSentence), ...doubles(specs)],
  };
}

/** Every weight file in the immediate sub-directories of the base, to be loaded on first use. */
async function everything(wanted: Wanted, tree: Tree, warnings: string[]): Promise<ModelSpec[]> {
  const base = resolve(wanted.basePath);
  const directories = await tree.subdirectories(base);
  if (directories === null) warnings.push(`the model directory ${base} is not there or cannot be read`);
  const specs = (directories ?? []).flatMap((directory) =>
    directory.weights.map((file) => {
      const entry = entryFor(file.stem, file.path, wanted);
      return specOf(entry, besides(directory, file), wanted, { lazy: true });
    }),
  );
  if (directories !== null && specs.length === 0) warnings.push(`there are no models in the directories of ${base}`);
  return specs;
}

async function named(wanted: Wanted, tree: Tree, warnings: string[]): Promise<ModelSpec[]> {
  const base = resolve(wanted.basePath);
  const specs: ModelSpec[] = [];
  for (const requestedName of wanted.models.map((word) => word.trim())) {
    const { published, file } = await resolveName(requestedName, base, tree);
    if (file === null) warnings.push(await notFound(published.spec, base, tree));
    else if (file.remark !== undefined) warnings.push(file.remark);
    const name = published.name || file?.weights.stem || published.spec;
    const entry = entryFor(name, file?.weights.path ?? null, wanted);
    specs.push(specOf(entry, file ? besides(file.directory, file.weights) : nothing, wanted, { requestedName }));
  }
  return specs;
}

const nothing: Files = { weights: null, config: null, labels: null };

interface Located {
  readonly directory: Directory;
  readonly weights: WeightFile;
  /** A sentence for the log where another file might have been meant. */
  readonly remark?: string;
}

interface Published {
  /** The name on the left of `=`; empty: the file's stem. */
  readonly name: string;
  readonly spec: string;
}

/**
 * Takes `published name=spec` apart at the first `=`. A word that is found as it stands is not taken apart: paths and
 * stems may hold a `=` themselves.
 */
async function resolveName(
  word: string,
  base: string,
  tree: Tree,
): Promise<{ published: Published; file: Located | null }> {
  const whole = await locate(word, base, tree);
  const cut = word.indexOf('=');
  if (whole !== null || cut < 0) return { published: { name: '', spec: word }, file: whole };
  const published = {
    name: word.slice(0, cut).trim(),
    spec: word.slice(cut + 1).trim(),
  };
  return { published, file: await locate(published.spec, base, tree) };
}

/** The first of upstream's rules that yields a weight file, then what upstream does not find. */
async function locate(name: string, base: string, tree: Tree): Promise<Located | null> {
  return (
    (await absoluteFile(name, tree)) ??
    (await firstIn(resolve(base, name), tree)) ??
    (await byStem(name, base, tree)) ??
    (await absoluteFile(resolve(base, name), tree)) ??
    (await byFileName(name, base, tree))
  );
}

/** Rule 0: the absolute path of a weight file. */
async function absoluteFile(name: string, tree: Tree): Promise<Located | null> {
  if (!isAbsolute(name) || !isWeightPath(name) || !(await tree.isFile(name))) return null;
  const directory = await tree.directory(dirname(name));
  return directory && { directory, weights: { path: name, stem: parse(name).name } };
}

/** Rule 1: a directory under the base; its first weight file, published under the file's stem. */
async function firstIn(path: string, tree: Tree): Promise<Located | null> {
  const directory = await tree.directory(path);
  const weights = directory?.weights[0];
  return directory && weights ? { directory, weights } : null;
}

/** Rule 2: a weight file of that stem in any immediate sub-directory, letter case included. */
async function byStem(name: string, base: string, tree: Tree): Promise<Located | null> {
  return await firstOf(name, base, tree, ({ stem }) => stem === name);
}

/** With its extension. */
async function byFileName(name: string, base: string, tree: Tree): Promise<Located | null> {
  return isWeightPath(name) ? await firstOf(name, base, tree, ({ path }) => parse(path).base === name) : null;
}

async function firstOf(
  name: string,
  base: string,
  tree: Tree,
  is: (weights: WeightFile) => boolean,
): Promise<Located | null> {
  const found = ((await tree.subdirectories(base)) ?? []).flatMap((directory) =>
    directory.weights.filter(is).map((weights) => ({ directory, weights })),
  );
  const [first, ...others] = found;
  if (first === undefined || others.length === 0) return first ?? null;
  const paths = others.map(({ weights }) => weights.path).join(', ');
  return {
    ...first,
    remark: `several files answer to the model name ${name}: ${first.weights.path} is taken, not ${paths}`,
  };
}

/** Rule 3: the sentence about a name that nothing answers to. */
async function notFound(name: string, base: string, tree: Tree): Promise<string> {
  const directories = await tree.subdirectories(base);
  if (directories === null) return `no model named ${name}: the model directory ${base} is not there or cannot be read`;
  const loose = (await tree.directory(base))?.weights.find(({ stem }) => stem === name);
  if (loose)
    return `no model named ${name} in the directories of ${base}: move ${loose.path} into a directory of its own`;

  const stems = directories.flatMap(({ weights }) => weights.map(({ stem }) => stem));
  const holders = directories.filter(({ weights }) => weights.length > 0).map(({ path }) => parse(path).base);
  const near = nearest(name, [...stems, ...holders], 3);
  if (near.length > 0)
    return `no model named ${name} in ${base}: nearest ${near.length > 1 ? 'are' : 'is'} ${near.join(', ')}`;
  const some = [...new Set(stems)].slice(0, 8).join(', ');
  return some
    ? `no model named ${name} in ${base}: there are ${some}`
    : `no model named ${name}: there are no models in ${base}`;
}

/** The enabled entries of a `detector_config`. What an entry leaves out is looked for beside its weights. */
async function configured(detector: DetectorConfig, wanted: Wanted, tree: Tree): Promise<ModelSpec[]> {
  const specs: ModelSpec[] = [];
  for (const entry of detector.models) {
    if (entry.enabled) specs.push(specOf(entry, await besidesPath(entry.weights, tree), wanted));
  }
  return specs;
}

async function besidesPath(path: string | null, tree: Tree): Promise<Files> {
  if (path === null || !isWeightPath(path)) return nothing;
  const absolute = resolve(path);
  const directory = await tree.directory(dirname(absolute));
  return directory ? besides(directory, { path: absolute, stem: parse(absolute).name }) : nothing;
}

/** Two models of one name and type are both loaded, as upstream does, but only the first can be asked for. */
function doubles(specs: readonly ModelSpec[]): string[] {
  const counts = new Map<string, number>();
  for (const { type, name } of specs) {
    const key = `${type} ${name}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return [...counts]
    .filter(([, count]) => count > 1)
    .map(([key, count]) => `${count} models are called ${key}: /infer finds only the first`);
}
