/** What the benchmark stands beside and measures with, made where it is due. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';

import { findModels } from '../../test/parity/models.js';
import { shared } from '../../test/support/shared.js';
import { type Options, type PictureKind, pictureKinds, UsageError } from './options.js';

export interface Model {
  readonly name: string;
  readonly entry: Readonly<Record<string, string | number>> & { readonly weights: string };
}

export type Pictures = Readonly<Record<PictureKind, readonly string[]>>;

export interface Prepared {
  /** The Python that has pyzm.serve. */
  readonly python: string | undefined;
  /** Paths of files. */
  readonly pictures: Pictures;
  readonly models: readonly Model[];
}

export async function prepare(options: Options): Promise<Prepared> {
  if (options.quick) {
    execFileSync('bench/prepare', { stdio: ['ignore', 'ignore', 'inherit'] });
    const weights = path.resolve('models/default.onnx');
    const sample = [path.resolve('models/sample.jpg')];
    return {
      python: undefined,
      pictures: { jpeg720: sample, jpeg1080: sample, jpeg2160: sample, png1080: sample },
      models: [{ name: 'default.onnx', entry: { name: 'default', weights } }],
    };
  }
  // The pictures are made by OpenCV, so its environment is needed even where pyzm.serve takes no part.
  const printed = execFileSync('bench/prepare', ['--pyzm'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  const python = path.join(printed.trim().split('\n').at(-1) ?? '', 'bin', 'python');
  return {
    python: options.pyzm ? python : undefined,
    pictures: makePictures(python),
    models: await sharedModels(options.models),
  };
}

async function sharedModels(names: readonly string[]): Promise<Model[]> {
  const all = await findModels(need('models'));
  return names.map((name) => {
    const found = all.find(({ file }) => path.basename(file) === name);
    if (found === undefined) throw new UsageError(`expected a file of the shared models for --models, got ${name}`);
    return { name, entry: found.entry };
  });
}

function makePictures(python: string): Pictures {
  const recipe = 'bench/make_pictures.py';
  const digest = createHash('sha256').update(readFileSync(recipe)).digest('hex').slice(0, 12);
  const folder = path.resolve('.cache/bench', `pictures-${digest}`);
  if (!existsSync(folder)) {
    const unfinished = `${folder}.part`;
    rmSync(unfinished, { recursive: true, force: true });
    mkdirSync(unfinished, { recursive: true });
    execFileSync(python, [recipe, need('images/photos'), unfinished], { stdio: 'inherit' });
    renameSync(unfinished, folder);
  }
  const files = readdirSync(folder).sort();
  const of = (kind: PictureKind) =>
    files.filter((file) => file.startsWith(`${kind}-`)).map((file) => path.join(folder, file));
  return Object.fromEntries(pictureKinds.map((kind) => [kind, of(kind)])) as unknown as Pictures;
}

function need(folder: string): string {
  const { path: found, skip } = shared(folder);
  if (skip !== false) throw new Error(skip);
  return found;
}
