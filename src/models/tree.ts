/** The files under a model directory, as upstream lists them: sorted by bytes, symbolic links followed. */
import { lstat, readdir, stat } from 'node:fs/promises';
import { join, parse } from 'node:path';
import { isForeign } from './foreign.js';
import type { Files } from './spec.js';

export interface WeightFile {
  readonly path: string;
  /** File name without its last extension. */
  readonly stem: string;
}

export interface Directory {
  readonly path: string;
  readonly weights: readonly WeightFile[];
  /** Names of label and `.cfg` files. */
  readonly others: readonly string[];
}

/** Letter case does not matter for weights, and does for what stands beside them. */
const weightExtension = /^\.(?:onnx|weights|tflite)$/i;
const labelExtensions = ['.names', '.txt', '.labels'];
const configExtension = '.cfg';

export function isWeightPath(path: string): boolean {
  return weightExtension.test(parse(path).ext);
}

/** Reads directories once each, and turns what the file system refuses into `warnings`. */
export class Tree {
  readonly warnings: string[] = [];
  /** Paths of models that this server cannot run, and that lie beside no copy that it can. */
  readonly foreign: string[] = [];
  readonly #directories = new Map<string, Promise<Directory | null>>();

  /** The model files of a directory; null when there is no such directory or it cannot be read. */
  directory(path: string): Promise<Directory | null> {
    let directory = this.#directories.get(path);
    if (directory === undefined) {
      directory = this.#read(path);
      this.#directories.set(path, directory);
    }
    return directory;
  }

  /** The immediate sub-directories; null when `base` is no directory that can be read. */
  async subdirectories(base: string): Promise<Directory[] | null> {
    if ((await this.#kind(base)) !== 'directory') return null;
    const names = await this.#list(base);
    if (names === null) return null;
    const directories: Directory[] = [];
    for (const name of names) {
      const directory = await this.directory(join(base, name));
      if (directory !== null) directories.push(directory);
    }
    return directories;
  }

  isFile(path: string): Promise<boolean> {
    return this.#kind(path).then((kind) => kind === 'file');
  }

  async #read(path: string): Promise<Directory | null> {
    if ((await this.#kind(path)) !== 'directory') return null;
    const weights: WeightFile[] = [];
    const others: string[] = [];
    const foreign: string[] = [];
    for (const name of (await this.#list(path)) ?? []) {
      const { ext, name: stem } = parse(name);
      if (isForeign(name)) foreign.push(name);
      const isWeight = weightExtension.test(ext);
      if (!isWeight && ext !== configExtension && !labelExtensions.includes(ext)) continue;
      if (!(await this.isFile(join(path, name)))) continue;
      if (isWeight) weights.push({ path: join(path, name), stem });
      else others.push(name);
    }
    const stems = new Set(weights.map(({ stem }) => stem));
    this.foreign.push(...foreign.filter((name) => !stems.has(parse(name).name)).map((name) => join(path, name)));
    return { path, weights, others };
  }

  async #list(path: string): Promise<string[] | null> {
    try {
      return (await readdir(path)).sort(byBytes);
    } catch (error) {
      this.#warn(path, error);
      return null;
    }
  }

  /** What a path is, links followed. An absent path is nothing to warn about; a link to nowhere is. */
  async #kind(path: string): Promise<'file' | 'directory' | 'other' | null> {
    try {
      const entry = await stat(path);
      return entry.isFile() ? 'file' : entry.isDirectory() ? 'directory' : 'other';
    } catch (error) {
      if (!(await isAbsent(path, error))) this.#warn(path, error);
      return null;
    }
  }

  #warn(path: string, error: unknown): void {
    const code = (error as NodeJS.ErrnoException).code;
    const reasons: Record<string, string> = {
      EACCES: 'permission denied',
      ENOENT: 'a symbolic link to nowhere',
      ELOOP: 'a symbolic link to itself',
    };
    const warning = `cannot read ${path}: ${reasons[code ?? ''] ?? code ?? String(error)}`;
    if (!this.warnings.includes(warning)) this.warnings.push(warning);
  }
}

/** Whether nothing at all stands at `path`, not even a link. */
async function isAbsent(path: string, error: unknown): Promise<boolean> {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOTDIR') return true;
  if (code !== 'ENOENT') return false;
  return lstat(path).then(
    () => false,
    () => true,
  );
}

/** Upstream's order: that of code points, which is that of UTF-8 bytes and not always that of JavaScript strings. */
function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/**
 * What stands beside a weight file and belongs to it. A file with the weights' own stem comes before the directory's
 * first, so that two models in one directory do not get each other's; `.names` comes before `.txt` before `.labels`.
 */
export function besides(directory: Directory, weights: WeightFile): Files {
  const pick = (extensions: readonly string[]): string | null => {
    const own = extensions.map((ext) => directory.others.find((name) => name === weights.stem + ext));
    const first = extensions.map((ext) => directory.others.find((name) => parse(name).ext === ext));
    const name = [...own, ...first].find((found) => found !== undefined);
    return name === undefined ? null : join(directory.path, name);
  };
  const isDarknet = /\.weights$/i.test(weights.path);
  return {
    weights: weights.path,
    config: isDarknet ? pick([configExtension]) : null,
    labels: pick(labelExtensions),
  };
}
