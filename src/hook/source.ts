/** An `objectconfig.yml` and the secrets it names, as read: every `!TOKEN` replaced, nothing else changed. */
import { access } from 'node:fs/promises';
import path from 'node:path';
import { nearest } from '../config/nearest.js';
import { ConfigError, kind } from '../config/problems.js';
import { isMapping, type Mapping } from '../config/readers.js';
import { type Path, readYaml, type YamlFile } from '../config/yaml.js';
import { readLimited, secretsInSight } from '../files.js';
import { limits } from '../limits.js';
import { nameOf, type Problem } from './problem.js';

export interface Source {
  readonly file: string;
  /** Empty where the file could not be read; `problems` says why. */
  readonly tree: Mapping;
  readonly problems: readonly Problem[];
  locate: YamlFile['locate'];
  /** The token that a value came from, with its `!`; undefined for a value that stands in the file itself. */
  tokenAt(at: Path): string | undefined;
  /** Whether that token is in no secrets file: its value is not known then. */
  isUnknown(at: Path): boolean;
}

/** Never rejects: what cannot be read is a problem. */
export async function readSource(file: string): Promise<Source> {
  const problems: Problem[] = [];
  const yaml = await read(file, problems);
  const tree = yaml?.value ?? {};
  if (!isMapping(tree)) {
    problems.push(error([], `${file}:1:1: expected sections such as general: and ml:, got ${kind(tree)}: write them`));
  }
  const tokens = new Map<string, string>();
  const unknown = new Set<string>();
  const locate: YamlFile['locate'] = (at) => yaml?.locate(at) ?? { place: file, source: undefined, comment: undefined };
  const secrets = isMapping(tree) ? await readSecrets(tree, file, locate, problems) : null;
  const reveal = (value: unknown, at: Path): unknown => {
    if (Array.isArray(value)) return value.map((item, index) => reveal(item, [...at, index]));
    if (isMapping(value)) {
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, reveal(item, [...at, key])]));
    }
    if (typeof value !== 'string' || !value.startsWith('!') || value === '!') return value;
    tokens.set(nameOf(at), value);
    const found = secrets?.find(value.slice(1));
    if (found !== undefined) return found;
    unknown.add(nameOf(at));
    // Where the secrets could not be read at all, that has been said.
    if (secrets?.names !== null) problems.push(error(at, `${locate(at).place}: ${missing(value, at, secrets)}`));
    return value;
  };
  if (isMapping(tree) && holdsSecret(tree)) {
    const inSight = await secretsInSight(file);
    if (inSight !== null) problems.push({ severity: 'warning', path: [], sentence: inSight });
  }
  return {
    file,
    tree: isMapping(tree) ? (reveal(tree, []) as Mapping) : {},
    problems,
    locate,
    tokenAt: (at) => tokens.get(nameOf(at)),
    isUnknown: (at) => unknown.has(nameOf(at)),
  };
}

const secretKey = /(?:^|_)(?:password|secret(?:_access_key)?|alpr_key)$/;

/** Whether a key for secrets has a value of its own, in place of a token of the secrets file. */
function holdsSecret(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(
    ([key, item]) =>
      (secretKey.test(key) && typeof item === 'string' && item !== '' && !item.startsWith('!')) || holdsSecret(item),
  );
}

const iniHint =
  'this is an INI file, as older event servers had it: rewrite it as YAML, see docs/reference/objectconfig.md';

/** An INI file begins with the name of a section in brackets. */
async function isIni(file: string): Promise<boolean> {
  const text = await readLimited(file, limits.yamlBytes.value).then(String, () => '');
  return /^(?:\s*(?:[#;].*)?\n)*\s*\[[\w-]+\]\s*(?:\n|$)/.test(text);
}

function error(at: Path, sentence: string): Problem {
  return { severity: 'error', path: at, sentence };
}

async function read(file: string, problems: Problem[]): Promise<YamlFile | null> {
  try {
    const yaml = await readYaml(file);
    problems.push(...yaml.warnings.map((sentence) => ({ severity: 'warning' as const, path: [], sentence })));
    return yaml;
  } catch (reason) {
    if (!(reason instanceof ConfigError)) throw reason;
    if (await isIni(file)) problems.push(error([], `${file}:1:1: ${iniHint}`));
    else problems.push(...reason.problems.map((sentence) => error([], sentence)));
    return null;
  }
}

interface Secrets {
  readonly file: string;
  /** null: the file could not be read. */
  readonly names: readonly string[] | null;
  /** Letter case counts only where two tokens differ in nothing else. */
  find(token: string): unknown;
}

/** A relative path starts at the folder of the file that names it, or else, as in zm_detect.py, where the hook runs. */
async function secretsPath(file: string, named: string): Promise<string> {
  const beside = path.resolve(path.dirname(file), named);
  const here = path.resolve(named);
  const exists = (candidate: string): Promise<boolean> =>
    access(candidate).then(
      () => true,
      () => false,
    );
  return here !== beside && !(await exists(beside)) && (await exists(here)) ? here : beside;
}

async function readSecrets(
  tree: Mapping,
  file: string,
  locate: YamlFile['locate'],
  problems: Problem[],
): Promise<Secrets | null> {
  const named = isMapping(tree.general) ? tree.general.secrets : undefined;
  if (typeof named !== 'string' || named === '') return null;
  const at = ['general', 'secrets'];
  const secretsFile = await secretsPath(file, named);
  const own: Problem[] = [];
  const yaml = await read(secretsFile, own);
  // A file that is not there is a fault of the line that names it; any other fault has a line of its own.
  problems.push(
    ...own.map((problem) =>
      problem.sentence.startsWith('cannot read')
        ? error(at, `${locate(at).place}: ${problem.sentence}: correct general.secrets or create the file`)
        : problem,
    ),
  );
  if (yaml === null) return { file: secretsFile, names: null, find: () => undefined };
  const values = isMapping(yaml.value) ? yaml.value.secrets : undefined;
  if (!isMapping(values)) {
    problems.push(
      error(at, `${secretsFile}:1:1: expected the tokens under a key secrets, got none: write "secrets:" above them`),
    );
    return { file: secretsFile, names: null, find: () => undefined };
  }
  const inSight = await secretsInSight(secretsFile);
  if (inSight !== null) problems.push({ severity: 'warning', path: [], sentence: inSight });
  const names = Object.keys(values);
  const byLower = new Map(names.map((name) => [name.toLowerCase(), name] as const).reverse());
  return {
    file: secretsFile,
    names,
    find: (token) => {
      const name = Object.hasOwn(values, token) ? token : byLower.get(token.toLowerCase());
      return name === undefined ? undefined : (values[name] ?? null);
    },
  };
}

function missing(token: string, at: Path, secrets: Secrets | null): string {
  if (secrets === null) {
    return `${nameOf(at)} names the secret ${token}, but there is no secrets file: name it under general.secrets`;
  }
  const [near] = nearest(token.slice(1), secrets.names ?? [], 1);
  const mend = near === undefined ? `add it to ${secrets.file}` : `did you mean !${near}?`;
  return `${nameOf(at)} names the secret ${token}, which ${secrets.file} does not hold: ${mend}`;
}
