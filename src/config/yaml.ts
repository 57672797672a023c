/** Reading a YAML 1.1 file the way PyYAML's safe loader does: bare yes/no/on/off are booleans, one document a file. */
import {
  type Document,
  type ErrorCode,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Pair,
  parseDocument,
  type ScalarTag,
  type Tags,
  type YAMLMap,
} from 'yaml';
import { FileTooLarge, readLimited } from '../files.js';
import { limits } from '../limits.js';
import { ConfigError } from './problems.js';
import { measure, YamlTooLarge } from './yaml-size.js';

export interface YamlFile {
  /** What the document holds; null for an empty file. */
  readonly value: unknown;
  readonly warnings: readonly string[];
  /** Where the value at a path of keys and indices stands; the nearest thing around it where it is not there. */
  locate(path: Path): Located;
}

export type Path = readonly (string | number)[];

export interface Located {
  /** `file:line:column` of the key, or of the item of a list. */
  readonly place: string;
  /** The scalar as written, without quotes; undefined for lists and mappings. */
  readonly source: string | undefined;
  /** The comment on the value's own line, without its `#`. */
  readonly comment: string | undefined;
}

/** Throws ConfigError when the file cannot be read or is not one YAML document in UTF-8. */
export async function readYaml(file: string): Promise<YamlFile> {
  return parseYaml(await readText(file), file);
}

async function readText(file: string): Promise<string> {
  let bytes: Buffer;
  try {
    bytes = await readLimited(file, limits.yamlBytes.value);
  } catch (error) {
    if (error instanceof FileTooLarge) throw new ConfigError([`${error.message}: split it`], { cause: error });
    throw new ConfigError([`cannot read ${file}: ${reason(error as NodeJS.ErrnoException)}`], { cause: error });
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new ConfigError([`${file} is not UTF-8 text: save it as UTF-8`], {
      cause: error,
    });
  }
}

function reason({ code, message }: NodeJS.ErrnoException): string {
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'there is no such file';
  if (code === 'EACCES' || code === 'EPERM') return 'permission denied';
  return code === 'EISDIR' ? 'it is a directory' : (code ?? message);
}

/** `file` only names the text in messages, as `file:line:column`. */
export function parseYaml(text: string, file: string): YamlFile {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    version: '1.1',
    customTags,
    lineCounter: lines,
    prettyErrors: false,
    // Its own check compares each key with each other one.
    uniqueKeys: false,
  });
  const place = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  const broken = [...document.errors, ...document.warnings];
  if (broken.length > 0) {
    // The library's first error is the cause, what follows is often its echo.
    const causes = broken
      .sort((a, b) => a.pos[0] - b.pos[0])
      .filter(({ code }, index) => index === 0 || independent.has(code))
      .slice(0, mostSentences);
    throw new ConfigError(causes.map(({ pos, code }) => `${place(pos[0])}: ${sentence(code)}`));
  }
  const doubled = measured(document, place);
  const warnings = doubled
    .slice(0, mostSentences)
    .map((offset) => `${place(offset)}: this key stands twice; the last one counts`);
  return {
    value: plain(document, file),
    warnings,
    locate: (path) => locate(document, path, place),
  };
}

/** The library's own count of aliases is off: they have been measured. */
function plain(document: Document, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: -1 }) as unknown;
  } catch (error) {
    // Its message may quote the file.
    throw new ConfigError([`${file} holds a value that no setting can have: a tag or a key of an unusual kind`], {
      cause: error,
    });
  }
}

/** Of one kind; more say nothing new. */
const mostSentences = 20;

/** Where keys stand that stood before in their mapping. Throws ConfigError where the document is too large. */
function measured(document: Document, place: (offset: number) => string): readonly number[] {
  try {
    return measure(document.contents);
  } catch (error) {
    if (!(error instanceof YamlTooLarge)) throw error;
    const { offset, code } = error;
    throw new ConfigError([`${place(offset)}: ${code === 'BAD_ALIAS' ? sentence(code) : error.message}`]);
  }
}

function locate(document: Document, path: Path, place: (offset: number) => string): Located {
  let node: unknown = document.contents;
  let offset = 0;
  for (const step of path) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = pairsOf(node).get(String(step));
      if (pair === undefined) break;
      offset = (isScalar(pair.key) ? pair.key.range?.[0] : undefined) ?? offset;
      node = pair.value;
    } else if (isSeq(node) && node.items[Number(step)] !== undefined) {
      node = node.items[Number(step)];
      offset = (isMap(node) || isScalar(node) || isSeq(node) ? node.range?.[0] : undefined) ?? offset;
    } else {
      break;
    }
  }
  const scalar = isScalar(node) ? node : null;
  return { place: place(offset), source: scalar?.source, comment: scalar?.comment ?? undefined };
}

const pairs = new WeakMap<YAMLMap, ReadonlyMap<string, Pair>>();

/** By key, the first of equal ones; made once, since each problem of a file is located. */
function pairsOf(map: YAMLMap): ReadonlyMap<string, Pair> {
  let known = pairs.get(map);
  if (known === undefined) {
    const entries = map.items.flatMap((pair) => (isScalar(pair.key) ? [[String(pair.key.value), pair] as const] : []));
    pairs.set(map, (known = new Map(entries.reverse())));
  }
  return known;
}

/** Our own sentences: the library's quote the source, which may be a password. */
const sentenceByCode: Partial<Record<ErrorCode, string>> = {
  TAB_AS_INDENT: 'a tab indents this line; YAML wants blanks',
  MULTIPLE_DOCS: 'a second document begins here; put everything into one',
  BAD_INDENT: 'the indentation of this line does not fit the lines above; is a bracket left open?',
  BAD_SCALAR_START: 'a value cannot begin with this character; put it in quotes',
  BAD_DQ_ESCAPE: 'no such escape in double quotes; double the backslash, or use single quotes',
  MISSING_CHAR: 'a closing quote or bracket, a comma, a colon or the blank before a # is missing here',
  UNEXPECTED_TOKEN: 'something follows where the value has ended; put text with quotes, { or [ into quotes',
  MULTILINE_IMPLICIT_KEY: 'a key must stand on one line with its colon; is the colon missing?',
  BLOCK_AS_IMPLICIT_KEY: 'two "key: value" pairs on one line; put text that holds ": " in quotes',
  BAD_ALIAS: 'a value that begins with * needs an anchor of that name above; put text that begins with * in quotes',
  TAG_RESOLVE_FAILED: 'a value that begins with ! is a YAML tag, and no known one; put such text in quotes',
  RESOURCE_EXHAUSTION: 'the nesting is too deep',
};

/** Faults that no earlier fault brings about. */
const independent: ReadonlySet<ErrorCode> = new Set(['TAB_AS_INDENT', 'TAG_RESOLVE_FAILED']);

function sentence(code: ErrorCode): string {
  return sentenceByCode[code] ?? 'this is not YAML; look for a missing colon, quote or bracket';
}

/**
 * The library's 1.1 schema also takes `y` and `n` for booleans, and `.`, `e5` and `08` for numbers, which PyYAML reads as
 * text: a directory called `.` or a model called `n` must stay what it is.
 */
function customTags(tags: Tags): Tags {
  return [...tags.filter((tag) => typeof tag === 'string' || !isReplaced(tag as ScalarTag)), ...plainScalars];
}

/** Numbers to other bases and of hours and minutes are alike in both. */
function isReplaced({ tag, format = '' }: ScalarTag): boolean {
  return /:(?:bool|float|int)$/.test(tag) && !['BIN', 'OCT', 'HEX', 'TIME'].includes(format);
}

const withoutUnderscores = (text: string): number => Number(text.replaceAll('_', ''));

const plainScalars: ScalarTag[] = [
  scalar('bool', /^(?:[Yy]es|YES|[Tt]rue|TRUE|[Oo]n|ON)$/, () => true),
  scalar('bool', /^(?:[Nn]o|NO|[Ff]alse|FALSE|[Oo]ff|OFF)$/, () => false),
  scalar('int', /^[-+]?(?:0|[1-9][\d_]*)$/, withoutUnderscores),
  scalar('float', /^(?:[-+]?\d[\d_]*\.[\d_]*|\.\d[\d_]*)(?:[eE][-+]\d+)?$/, withoutUnderscores),
  scalar('float', /^[-+]?\.(?:inf|Inf|INF)$/, (text) => (text.startsWith('-') ? -Infinity : Infinity)),
  scalar('float', /^\.(?:nan|NaN|NAN)$/, () => Number.NaN),
];

function scalar(name: string, test: RegExp, resolve: (text: string) => unknown): ScalarTag {
  return { tag: `tag:yaml.org,2002:${name}`, default: true, test, resolve };
}
