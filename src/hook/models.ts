/** Whether the models of an `ml_sequence` can be had: on this host, unless a server runs them. */
import { access, constants, stat } from 'node:fs/promises';
import path from 'node:path';
import { isMapping, type Mapping, readFlag } from '../config/readers.js';
import type { Path } from '../config/yaml.js';
import { frameworks } from '../detection/config.js';
import { given, modelsFolderOf, setting, valueAt, viewOf } from './merge.js';
import { nameOf, type Say } from './problem.js';
import { wordsOf } from './rules.js';

/** What reads the weights of a framework; the others bring their own, or run elsewhere. */
const withWeights = new Set<string>(['opencv', 'coral_edgetpu', 'face_tpu', 'tpu']);

/** As pyzm has it for an entry that names none. */
const standard: Readonly<Record<string, string>> = {
  object: 'opencv',
  face: 'opencv',
  alpr: 'plate_recognizer',
  audio: 'birdnet',
};

const elsewhere = new Set<string>(['dlib', ...frameworks.filter((name) => !withWeights.has(name))]);

/** Where the sections of a monitor's view stand: its own where it has them, else those of all monitors. */
const common: Path = ['ml', 'ml_sequence'];
const ownOf = (monitorId: string): Path => ['monitors', monitorId, 'ml_sequence'];

/** The types that run, in order. */
export function typesOf(sequence: Mapping): readonly string[] {
  return wordsOf(valueAt(sequence, ['general', 'model_sequence'])) ?? ['object'];
}

interface Entry {
  readonly type: string;
  readonly index: number;
  readonly settings: Mapping;
}

function entriesOf(sequence: Mapping, type: string): Entry[] {
  const entries = valueAt(sequence, [type, 'sequence']);
  return (Array.isArray(entries) ? (entries as unknown[]) : []).flatMap((settings, index) =>
    isMapping(settings) ? [{ type, index, settings }] : [],
  );
}

function isEnabled({ settings }: Entry): boolean {
  return readFlag(settings.enabled ?? true) !== false;
}

/** Whether any model is to look at a frame. */
export function looksForAnything(sequence: Mapping): boolean {
  return typesOf(sequence).some((type) => entriesOf(sequence, type).some(isEnabled));
}

/** The problems of the models that `monitorId` sees; undefined: of those that monitors without an own section see. */
export async function checkModels(tree: Mapping, monitorId: string | undefined, say: Say): Promise<void> {
  const view = viewOf(tree, monitorId);
  const sequence = view.ml_sequence;
  if (!isMapping(sequence)) return;
  const place = (...steps: Path): Path => {
    const own = monitorId === undefined ? undefined : [...ownOf(monitorId), ...steps];
    return own !== undefined && valueAt(tree, own) !== undefined ? own : [...common, ...steps];
  };
  const types = typesOf(sequence);
  const base = place();
  for (const type of types) {
    if (sequence[type] !== undefined || valueAt(sequence, ['general', 'model_sequence']) === undefined) continue;
    const text = `model_sequence names ${type}, but ml_sequence has no section ${type}: write it, or leave the word out`;
    say('warning', place('general', 'model_sequence'), text);
  }
  const entries = types.flatMap((type) => entriesOf(sequence, type)).filter(isEnabled);
  if (entries.length === 0) {
    const which = types.length === 0 ? 'none is named in model_sequence' : types.join(', ');
    const text = `no entry of ${nameOf(base)} is enabled (${which}), so nothing is looked for: set enabled: "yes" in one of them`;
    say('warning', base, text);
    return;
  }
  if (onlyServed(view)) return;
  const folder = modelsFolderOf(view);
  const faults = await Promise.all(entries.map((entry) => faultsOf(entry, folder)));
  const runs = faults.some((list) => list.every(({ fatal }) => !fatal));
  const isAlone = !runs && !given(setting(view, 'ml_gateway'));
  for (const [index, { type, index: number }] of entries.entries()) {
    for (const { key, text, fatal } of faults[index] ?? []) {
      const at = [...place(type, 'sequence'), number, ...(key === undefined ? [] : [key])];
      const sentence = key === undefined ? text : `${nameOf(at)} ${text}`;
      say(fatal && isAlone ? 'error' : 'warning', at, fatal && runs ? `${sentence}; the other entries run` : sentence);
    }
  }
}

/** Whether the models of this host are never asked. */
function onlyServed(view: Mapping): boolean {
  return given(setting(view, 'ml_gateway')) && readFlag(setting(view, 'ml_fallback_local')) !== true;
}

interface Fault {
  /** The key whose value is at fault; undefined: the entry as a whole. */
  readonly key?: string;
  readonly text: string;
  /** The entry cannot run with it. */
  readonly fatal: boolean;
}

/** Why an entry does not run on this host as it is meant. */
async function faultsOf({ settings, type }: Entry, folder: string): Promise<Fault[]> {
  const framework = frameworkOf(settings, type);
  if (typeof framework === 'string' && elsewhere.has(framework)) {
    const text = `${framework} does not run here: set enabled: "no", or let a server that has it answer`;
    return [{ text, fatal: true }];
  }
  if (typeof framework !== 'string' || !withWeights.has(framework)) return [];
  const [weights, config, labels] = [`${type}_weights`, `${type}_config`, `${type}_labels`];
  const file = given(settings[weights]) ? settings[weights] : undefined;
  const faults: Fault[] = [];
  if (file === undefined) {
    const fault = await unresolved(settings.name, folder);
    if (fault !== null) faults.push({ text: `${fault}; or name its file in ${weights}`, fatal: true });
  }
  for (const key of [weights, config, labels]) {
    const fault = await faultAt(settings, key);
    if (fault !== null) faults.push({ key, text: fault, fatal: key === weights || !isComplete(file) });
  }
  if (typeof file === 'string' && /\.weights$/i.test(file) && !given(settings[config])) {
    faults.push({
      key: weights,
      text: `names a Darknet model, which also needs ${config}: name its .cfg file`,
      fatal: true,
    });
  }
  return faults;
}

/** An ONNX file holds its network and most often its labels: what else is named may be missing. */
function isComplete(weights: unknown): boolean {
  return typeof weights === 'string' && /\.onnx$/i.test(weights);
}

async function faultAt(settings: Mapping, key: string): Promise<string | null> {
  const file = settings[key];
  if (typeof file !== 'string' || file === '') return null;
  const template = templateIn(file);
  if (template !== null) return `holds ${template}, which nothing fills in: write the path itself`;
  const fault = (key.endsWith('_weights') ? otherFormat(file) : null) ?? (await faultOf(file));
  return fault === null ? null : `names ${file}, but ${fault}`;
}

/** A format of another program, told by the file's extension. */
function otherFormat(file: string): string | null {
  if (/\.(?:pt|pth|ckpt|safetensors)$/i.test(file)) {
    return `PyTorch's own format does not run here: export it to ONNX ("yolo export model=${path.basename(file)} format=onnx") and name the .onnx file`;
  }
  if (/\.(?:engine|plan|trt)$/i.test(file)) {
    return 'a TensorRT engine runs only on the GPU that it was built for: name the .onnx file that it was built from';
  }
  return null;
}

/** The first template of older files that nothing fills in; `${base_data_path}` is filled in. */
export function templateIn(text: string): string | null {
  const rest = text.replace(/\$\{base_data_path\}|\{\{base_data_path\}\}/g, '');
  return /\$\{\w+\}|\{\{\w+\}\}/.exec(rest)?.[0] ?? null;
}

function frameworkOf(settings: Mapping, type: string): unknown {
  return settings[type === 'face' ? 'face_detection_framework' : `${type}_framework`] ?? standard[type];
}

/**
 * An `ml_sequence` without files that an entry can do without and that are not there and, where `local`, without the
 * entries that this host cannot run.
 */
export async function runnable(sequence: Mapping, folder: string, local: boolean): Promise<Mapping> {
  const result: Mapping = { ...sequence };
  for (const type of typesOf(sequence)) {
    const section = sequence[type];
    if (!isMapping(section)) continue;
    const kept: Mapping[] = [];
    for (const entry of entriesOf(sequence, type).filter(isEnabled)) {
      const faults = await faultsOf(entry, folder);
      if (local && faults.some(({ fatal }) => fatal)) continue;
      const missing = faults.flatMap(({ key, fatal }) => (key === undefined || fatal ? [] : [key]));
      kept.push(Object.fromEntries(Object.entries(entry.settings).filter(([key]) => !missing.includes(key))));
    }
    result[type] = { ...section, sequence: kept };
  }
  return result;
}

/** A sentence about a model that is named and not found where models lie; null for one that is. */
async function unresolved(name: unknown, folder: string): Promise<string | null> {
  if (typeof name !== 'string' || name === '') return 'a model has neither a name nor a file: name it';
  const { findModels } = await import('../models/discovery.js');
  const { defaultPolicy } = await import('../models/spec.js');
  const policy = { ...defaultPolicy(), processor: 'cpu', processorGiven: false, detectorConfig: null } as const;
  const { specs, warnings } = await findModels({ models: [name], basePath: folder, ...policy });
  return specs[0]?.weightsPath == null ? (warnings[0] ?? `there is no model ${name} in ${folder}`) : null;
}

/** The rest of a sentence about a file that cannot be read; null for one that can. */
async function faultOf(file: string): Promise<string | null> {
  try {
    const entry = await stat(file);
    await access(file, constants.R_OK);
    if (entry.isDirectory()) return 'that is a folder: name a file in it';
    return entry.size === 0 ? 'that file is empty: a download has failed; fetch it again' : null;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EACCES') return `this user may not read it: run "sudo -u www-data ls -l ${file}" to see`;
    const directory = path.dirname(file);
    const there = await stat(directory).then(
      () => true,
      () => false,
    );
    return there
      ? `there is no such file: ${directory} has others, or fetch it there`
      : `there is no directory ${directory}`;
  }
}
