/** Whether the models of an `ml_sequence` can be had: on this host, unless a server runs them. */
import { access, constants, stat } from 'node:fs/promises';
import path from 'node:path';
import { isMapping, type Mapping, readFlag } from '../config/readers.js';
import type { Path } from '../config/yaml.js';
import { frameworks } from '../detection/config.js';
import { given, modelsFolderOf, setting, valueAt, viewOf } from './merge.js';
import { nameOf, type Say, type Severity } from './problem.js';
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

/** `monitorId`: look only at what that monitor's own section says, as that monitor sees it. */
export async function checkModels(tree: Mapping, monitorId: string | undefined, say: Say): Promise<void> {
  const view = viewOf(tree, monitorId);
  const base: Path = monitorId === undefined ? ['ml', 'ml_sequence'] : ['monitors', monitorId, 'ml_sequence'];
  const own = valueAt(tree, base);
  const sequence = view.ml_sequence;
  if (!isMapping(own) || !isMapping(sequence)) return;
  const types = wordsOf(valueAt(sequence, ['general', 'model_sequence'])) ?? ['object'];
  const need = needOf(view);
  let enabled = 0;
  for (const type of types) {
    const entries = valueAt(sequence, [type, 'sequence']);
    if (!Array.isArray(entries)) {
      if (valueAt(own, ['general', 'model_sequence']) !== undefined && sequence[type] === undefined) {
        const text = `model_sequence names ${type}, but ml_sequence has no section ${type}: write it, or leave the word out`;
        say('warning', [...base, 'general', 'model_sequence'], text);
      }
      continue;
    }
    for (const [index, entry] of entries.entries()) {
      if (!isMapping(entry) || readFlag(entry.enabled ?? true) === false) continue;
      enabled += 1;
      const place = [...base, type, 'sequence', index];
      if (need !== null && valueAt(own, [type, 'sequence']) !== undefined)
        await checkEntry(entry, type, place, { need, modelsFolder: modelsFolderOf(view) }, say);
    }
  }
  if (enabled === 0) {
    say(
      'error',
      base,
      `no entry of ${nameOf(base)} is enabled in ${types.join(', ')}: set enabled: "yes" in one of them`,
    );
  }
}

/** What a model that is not here means: null where only the server's models are asked. */
function needOf(view: Mapping): Severity | null {
  if (!given(setting(view, 'ml_gateway'))) return 'error';
  return readFlag(setting(view, 'ml_fallback_local')) === true ? 'warning' : null;
}

interface Host {
  readonly need: Severity;
  readonly modelsFolder: string;
}

async function checkEntry(
  entry: Mapping,
  type: string,
  place: Path,
  { need, modelsFolder }: Host,
  say: Say,
): Promise<void> {
  const framework = frameworkOf(entry, type);
  const weights = `${type}_weights`;
  if (typeof framework === 'string' && elsewhere.has(framework) && need === 'error') {
    say('warning', place, `${framework} does not run here: set enabled: "no", or let a server that has it answer`);
  }
  if (typeof framework !== 'string' || !withWeights.has(framework)) return;
  if (typeof entry[weights] !== 'string') {
    const fault = await unresolved(entry.name, modelsFolder);
    if (fault !== null) say(need, place, `${fault}; or name its file in ${weights}`);
  }
  for (const key of [weights, `${type}_config`, `${type}_labels`]) {
    const file = entry[key];
    // A template that nothing fills in has been named already.
    if (typeof file !== 'string' || /\$\{|\{\{/.test(file)) continue;
    const fault = await faultOf(file);
    if (fault !== null) say(need, [...place, key], `${nameOf([...place, key])} names ${file}, but ${fault}`);
  }
  if (
    typeof entry[weights] === 'string' &&
    /\.weights$/i.test(entry[weights]) &&
    typeof entry[`${type}_config`] !== 'string'
  ) {
    say(need, [...place, weights], `a Darknet model also needs ${type}_config: name its .cfg file`);
  }
}

function frameworkOf(entry: Mapping, type: string): unknown {
  return entry[type === 'face' ? 'face_detection_framework' : `${type}_framework`] ?? standard[type];
}

/** An `ml_sequence` without the entries that no model of this host can serve. */
export function runnableHere(sequence: Mapping): Mapping {
  const here = (type: string, section: unknown): unknown => {
    if (!isMapping(section) || !Array.isArray(section.sequence)) return section;
    const runs = (entry: unknown): boolean => !isMapping(entry) || !elsewhere.has(String(frameworkOf(entry, type)));
    return { ...section, sequence: section.sequence.filter(runs) };
  };
  return Object.fromEntries(Object.entries(sequence).map(([type, section]) => [type, here(type, section)]));
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
export async function faultOf(file: string): Promise<string | null> {
  try {
    const { size } = await stat(file);
    await access(file, constants.R_OK);
    return size === 0 ? 'that file is empty: a download has failed; fetch it again' : null;
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
