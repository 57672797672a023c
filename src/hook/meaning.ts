/** The second look at an `objectconfig.yml`: whether its values mean something together, and name what exists. */
import { isMapping, type Mapping, readFlag } from '../config/readers.js';
import type { Path } from '../config/yaml.js';
import { compilePattern } from '../detection/pattern.js';
import { ZmdetectError } from '../errors.js';
import { parseCoords } from './coords.js';
import { given, viewOf } from './merge.js';
import { templateIn } from './models.js';
import { nameOf, type Problem, type Say } from './problem.js';
import type { Rule } from './rules.js';
import { objectConfig } from './schema.js';
import type { Source } from './source.js';

/** `tree`: with values of the right kinds. */
export function checkMeaning(source: Source, tree: Mapping): Problem[] {
  const problems: Problem[] = [];
  const say: Say = (severity, path, text) => {
    problems.push({ severity, path, sentence: `${source.locate(path).place}: ${text}` });
  };
  checkNeeds(tree, say);
  checkTemplates(tree, [], say);
  checkPatterns(tree, say);
  const monitors = isMapping(tree.monitors) ? Object.keys(tree.monitors) : [];
  for (const id of monitors) checkMonitor(tree, id, say);
  return problems;
}

function checkNeeds(tree: Mapping, say: Say): void {
  const view = viewOf(tree, undefined);
  if (!isMapping(view.ml_sequence)) {
    say('error', ['ml', 'ml_sequence'], 'ml.ml_sequence is missing: it says which models look at a frame');
  }
  if (!isMapping(view.stream_sequence)) {
    const text = 'ml.stream_sequence is missing: it says which frames are looked at; snapshot, alarm and 1 count';
    say('warning', ['ml', 'stream_sequence'], text);
  }
  if (!given(view.api_portal)) {
    say(
      'error',
      ['general', 'api_portal'],
      'general.api_portal is missing: write ZoneMinder\'s API, such as "https://host/zm/api"',
    );
  }
  for (const [user, password, section] of [
    ['user', 'password', 'general'],
    ['ml_user', 'ml_password', 'remote'],
  ] as const) {
    const [has, lacks] = given(view[user]) ? [user, password] : [password, user];
    if (given(view[has]) && !given(view[lacks])) {
      say('warning', [section, has], `${section}.${has} has no ${lacks} beside it: nobody can log in with one of them`);
    }
  }
  if (on(tree.push, 'enabled')) {
    say('warning', ['push', 'enabled'], 'push.enabled is yes, but this hook sends no push: let the event server do it');
  }
  if (on(tree.animation, 'create_animation')) {
    say('warning', ['animation', 'create_animation'], 'animation.create_animation is yes, but no animation is made');
  }
}

function on(section: unknown, key: string): boolean {
  return isMapping(section) && readFlag(section[key]) === true;
}

/** Older files took `{{name}}` from other keys; only the base path is filled in now. */
function checkTemplates(value: unknown, path: Path, say: Say): void {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) checkTemplates(item, [...path, index], say);
  } else if (isMapping(value)) {
    for (const [key, item] of Object.entries(value)) checkTemplates(item, [...path, key], say);
  } else if (typeof value === 'string') {
    const template = templateIn(value);
    // A model's file has a sentence of its own.
    if (template === null || /_(?:weights|config|labels)$/.test(String(path.at(-1)))) return;
    const text = `nothing fills in ${template} of ${nameOf(path)}: write the value of ${template.replace(/[${}]/g, '')} itself; only \${base_data_path} is filled in`;
    say('warning', path, text);
  }
}

/** Every value whose rule says it is a pattern. */
function* patternsOf(value: unknown, rule: Rule, path: Path): Generator<readonly [path: Path, pattern: string]> {
  if (rule.kind === 'value' && rule.pattern === true && typeof value === 'string') yield [path, value];
  if (rule.kind === 'list' && Array.isArray(value)) {
    for (const [index, item] of value.entries()) yield* patternsOf(item, rule.item, [...path, index]);
  }
  if (rule.kind !== 'mapping' || !isMapping(value)) return;
  for (const [key, item] of Object.entries(value)) {
    const inner = Object.hasOwn(rule.keys, key) ? rule.keys[key] : rule.other?.(key);
    if (inner !== undefined) yield* patternsOf(item, inner, [...path, key]);
  }
}

function checkPatterns(tree: Mapping, say: Say): void {
  for (const [path, pattern] of patternsOf(tree, objectConfig, [])) {
    try {
      compilePattern(pattern);
    } catch (error) {
      if (!(error instanceof ZmdetectError)) throw error;
      const fault = `${nameOf(path)} is no regular expression, ${String(error.params.reason)}`;
      say('error', path, `${fault}: put a \\ before ( ) [ * + ? that stand for themselves`);
    }
  }
}

function checkMonitor(tree: Mapping, id: string, say: Say): void {
  const own = isMapping(tree.monitors) ? tree.monitors[id] : undefined;
  if (!/^\d+$/.test(id)) {
    say(
      'error',
      ['monitors', id],
      `expected the number of a monitor below monitors, got "${id}": ZoneMinder's console shows it as Id`,
    );
  }
  if (!isMapping(own)) return;
  const view = viewOf(tree, id);
  const imported = readFlag(view.import_zm_zones) === true || readFlag(view.only_triggered_zm_zones) === true;
  for (const [name, zone] of isMapping(own.zones) ? Object.entries(own.zones) : []) {
    const at: Path = ['monitors', id, 'zones', name];
    if (zone === null)
      say(
        'error',
        at,
        `zone ${name} is empty: write coords, or a detection_pattern for ZoneMinder's zone of that name`,
      );
    if (!isMapping(zone)) continue;
    if (typeof zone.coords === 'string' && zone.coords.trim() !== '') {
      const points = parseCoords(zone.coords);
      if (typeof points === 'string')
        say('error', [...at, 'coords'], `expected at least 3 points for ${nameOf([...at, 'coords'])}, ${points}`);
    } else if (!given(zone.coords) && !imported) {
      say(
        'warning',
        at,
        `zone ${name} has no coords and import_zm_zones is no, so it does nothing: write one or the other`,
      );
    }
  }
}
