/** The first look at an `objectconfig.yml`: whether each key is known where it stands, and its value of the right kind. */
import { nearest } from '../config/nearest.js';
import { kind, show } from '../config/problems.js';
import { isMapping } from '../config/readers.js';
import type { Path } from '../config/yaml.js';
import { parseCoords } from './coords.js';
import { nameOf, type Problem, type Severity } from './problem.js';
import type { ListRule, MappingRule, Rule, ValueRule } from './rules.js';
import { objectConfig } from './schema.js';
import type { Source } from './source.js';

export function checkKeys(source: Source): Problem[] {
  return new KeyCheck(source).all();
}

class KeyCheck {
  readonly #source: Source;
  readonly #problems: Problem[] = [];

  constructor(source: Source) {
    this.#source = source;
  }

  all(): Problem[] {
    this.#check(this.#source.tree, objectConfig, []);
    return this.#problems;
  }

  #say(severity: Severity, path: Path, text: string): void {
    this.#problems.push({ severity, path, sentence: `${this.#source.locate(path).place}: ${text}` });
  }

  #check(value: unknown, rule: Rule, path: Path): void {
    // A key without a value, as where all below it is commented out, says nothing.
    if (value === null || value === undefined || this.#source.isUnknown(path)) return;
    switch (rule.kind) {
      case 'value':
        return this.#value(value, rule, path);
      case 'list':
        return this.#list(value, rule, path);
      case 'mapping':
        return this.#mapping(value, rule, path);
      case 'unused':
        return this.#say('note', path, `${nameOf(path)} has no effect here: ${rule.why}`);
    }
  }

  #value(value: unknown, rule: ValueRule, path: Path): void {
    const { source, comment } = this.#source.locate(path);
    const token = this.#source.tokenAt(path);
    if (!rule.accepts(value, token === undefined ? source : String(value))) {
      const got = token === undefined ? (rule.secret ? `${kind(value)} (not shown)` : show(value)) : token;
      const hint = rule.hint?.(value);
      this.#say('error', path, `${expected(rule, path)}, got ${got}${hint === undefined ? '' : `: ${hint}`}`);
    } else if (rule.quoted && typeof value === 'boolean') {
      const word = value ? 'yes' : 'no';
      const text = `${nameOf(path)} is ${word} here, but zm_detect.py knows only the quoted word: write "${word}"`;
      this.#say('note', path, text);
    } else if (typeof value === 'string' && comment !== undefined && /^\S/.test(comment)) {
      const text = `${nameOf(path)} ends before the #, and the rest is a comment: put the value in quotes, or a blank behind the #`;
      this.#say('warning', path, text);
    }
  }

  #list(value: unknown, rule: ListRule, path: Path): void {
    if (Array.isArray(value)) {
      for (const [index, item] of value.entries()) this.#check(item, rule.item, [...path, index]);
      return;
    }
    const hint =
      typeof value === 'string' ? `: write it as [${value}]` : isMapping(value) ? ': begin its entries with "- "' : '';
    this.#say('error', path, `expected a list for ${nameOf(path)}, got ${kind(value)}${hint}`);
  }

  #mapping(value: unknown, rule: MappingRule, path: Path): void {
    if (!isMapping(value)) {
      const hint = typeof value === 'string' ? ': write it as YAML, one key a line, indented' : '';
      this.#say('error', path, `expected keys and values for ${nameOf(path)}, got ${kind(value)}${hint}`);
      return;
    }
    for (const [key, item] of Object.entries(value)) {
      const inner = [...path, key];
      const known = Object.hasOwn(rule.keys, key) ? rule.keys[key] : rule.other?.(key);
      if (known === undefined) this.#unknown(key, item, rule, inner);
      else this.#check(item, known, inner);
    }
  }

  #unknown(key: string, value: unknown, rule: MappingRule, path: Path): void {
    const name = nameOf(path);
    const around = nameOf(path.slice(0, -1));
    const where = rule.moved && Object.hasOwn(rule.moved, key) ? rule.moved[key] : undefined;
    const [near] = nearest(key, Object.keys(rule.keys), 1);
    if (typeof value === 'string' && Array.isArray(parseCoords(value)) && path[0] === 'monitors') {
      this.#say('warning', path, `${name} has no effect here: a zone is written as zones: ${key}: coords: "..."`);
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

function expected(rule: ValueRule, path: Path): string {
  return `expected ${rule.expected} for ${nameOf(path)}`;
}
