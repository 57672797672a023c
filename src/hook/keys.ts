/**
 * The first look at an `objectconfig.yml`: whether each key is known where it stands, and its value of the right kind.
 * Where zm_detect.py runs with a value of another kind, what it makes of that value counts here too.
 */
import { nearest } from '../config/nearest.js';
import { ConfigError, kind, show } from '../config/problems.js';
import { isMapping, type Mapping } from '../config/readers.js';
import { parseYaml, type Path } from '../config/yaml.js';
import { parseCoords } from './coords.js';
import { olderKey } from './older-keys.js';
import { nameOf, type Problem, type Severity } from './problem.js';
import type { ListRule, MappingRule, Rule, ValueRule } from './rules.js';
import { objectConfig } from './schema.js';
import type { Source } from './source.js';

/** A tree in which every value is of the kind that its rule asks for, and what was wrong with the one in the file. */
export interface CheckedKeys {
  readonly tree: Mapping;
  readonly problems: readonly Problem[];
}

export function checkKeys(source: Source): CheckedKeys {
  const check = new KeyCheck(source);
  const tree = check.read(source.tree, objectConfig, []);
  return { tree: isMapping(tree) ? tree : {}, problems: check.problems };
}

class KeyCheck {
  readonly problems: Problem[] = [];
  readonly #source: Source;

  constructor(source: Source) {
    this.#source = source;
  }

  /** What counts for `value`; undefined: as if the key were not there. */
  read(value: unknown, rule: Rule, path: Path): unknown {
    // A key without a value, as where all below it is commented out, says nothing.
    if (value === null || value === undefined || this.#source.isUnknown(path)) return value;
    switch (rule.kind) {
      case 'value':
        return this.#value(value, rule, path);
      case 'list':
        return this.#list(value, rule, path);
      case 'mapping':
        return this.#mapping(value, rule, path);
      case 'unused':
        this.#say('note', path, `${nameOf(path)} has no effect here: ${rule.why}`);
        return value;
    }
  }

  #say(severity: Severity, path: Path, text: string): void {
    this.problems.push({ severity, path, sentence: `${this.#source.locate(path).place}: ${text}` });
  }

  #value(value: unknown, rule: ValueRule, path: Path): unknown {
    const { source, comment } = this.#source.locate(path);
    const token = this.#source.tokenAt(path);
    if (!rule.accepts(value, token === undefined ? source : String(value))) return this.#substitute(value, rule, path);
    if (rule.quoted && typeof value === 'boolean') {
      const word = value ? 'yes' : 'no';
      const text = `${nameOf(path)} is ${word} here, but zm_detect.py knows only the quoted word: write "${word}"`;
      this.#say('note', path, text);
    } else if (typeof value === 'string' && comment !== undefined && /^\S/.test(comment)) {
      const text = `${nameOf(path)} ends before the #, and the rest is a comment: put the value in quotes, or a blank behind the #`;
      this.#say('warning', path, text);
    }
    return value;
  }

  #substitute(value: unknown, rule: ValueRule, path: Path): unknown {
    const token = this.#source.tokenAt(path);
    const got = token === undefined ? (rule.secret ? `${kind(value)} (not shown)` : show(value)) : token;
    const instead =
      rule.instead?.(value) ?? (value === '' ? { value: undefined, says: 'the default counts' } : undefined);
    const advice = [rule.hint?.(value), instead?.says].filter((part) => part !== undefined).join('; ');
    const text = `expected ${rule.expected} for ${nameOf(path)}, got ${got}${advice === '' ? '' : `: ${advice}`}`;
    this.#say(instead === undefined ? 'error' : 'warning', path, text);
    return instead === undefined ? value : instead.value;
  }

  #list(value: unknown, rule: ListRule, path: Path): unknown {
    if (Array.isArray(value)) return value.map((item, index) => this.read(item, rule.item, [...path, index]));
    const hint =
      typeof value === 'string' ? `: write it as [${value}]` : isMapping(value) ? ': begin its entries with "- "' : '';
    const text = `expected a list for ${nameOf(path)}, got ${kind(value)}${hint}`;
    this.#say(rule.optional ? 'warning' : 'error', path, rule.optional ? `${text}; the default counts` : text);
    return rule.optional ? undefined : value;
  }

  #mapping(value: unknown, rule: MappingRule, path: Path): unknown {
    const mapping = rule.literal && typeof value === 'string' ? this.#literal(value, path) : value;
    if (!isMapping(mapping)) {
      const hint = typeof value === 'string' ? ': write it as YAML, one key a line, indented' : '';
      this.#say('error', path, `expected keys and values for ${nameOf(path)}, got ${kind(value)}${hint}`);
      return value;
    }
    return Object.fromEntries(
      Object.entries(mapping).map(([key, item]) => {
        const inner = [...path, key];
        const known = Object.hasOwn(rule.keys, key) ? rule.keys[key] : rule.other?.(key);
        if (known !== undefined) return [key, this.read(item, known, inner)];
        this.#unknown(key, item, rule, inner);
        return [key, item];
      }),
    );
  }

  /** A Python literal of texts and numbers is YAML as well. */
  #literal(text: string, path: Path): unknown {
    try {
      const { value } = parseYaml(text.trim(), nameOf(path));
      if (isMapping(value)) this.#say('note', path, `${nameOf(path)} is a text that holds a mapping: write it as YAML`);
      return value;
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      return text;
    }
  }

  #unknown(key: string, value: unknown, rule: MappingRule, path: Path): void {
    const name = nameOf(path);
    const around = nameOf(path.slice(0, -1));
    const where = rule.moved && Object.hasOwn(rule.moved, key) ? rule.moved[key] : undefined;
    const older = where === undefined ? olderKey(key) : undefined;
    const [near] = nearest(key, Object.keys(rule.keys), 1);
    const holdsCoords = typeof value === 'string' && Array.isArray(parseCoords(value));
    if (holdsCoords && Object.hasOwn(rule.keys, 'coords')) {
      this.#say('warning', path, `${name} has no effect: the corners of a zone stand under coords, rename it`);
    } else if (holdsCoords && path[0] === 'monitors') {
      this.#say('warning', path, `${name} has no effect here: a zone is written as zones: ${key}: coords: "..."`);
    } else if (older !== undefined) {
      this.#say('warning', path, `${name} ${older}`);
    } else if (where !== undefined) {
      this.#say('warning', path, `${name} has no effect here: move it to ${where}`);
    } else if (near !== undefined) {
      this.#say('warning', path, `unknown key ${name}: did you mean ${around === '' ? near : `${around}.${near}`}?`);
    } else if (!rule.open) {
      const mend = rule.other === undefined ? 'remove it, or move it to where it belongs' : 'remove it';
      this.#say('warning', path, `unknown key ${name} has no effect: ${mend}`);
    }
  }
}
