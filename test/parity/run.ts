/**
 * The golden suite: every model of the shared folder on every photo, our POST /detect against the one of `pyzm.serve`.
 *
 *     node run.js PYTHON [WORD...]    PYTHON has test/parity/requirements.txt; only models whose path holds a WORD
 *
 * A run over all models writes bench/results/parity.json and docs/reference/parity.md. Exit status 1: a target is missed.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

import { circumstances } from '../../bench/src/machine.js';
import { shared } from '../support/shared.js';
import type { PictureRows } from './compare.js';
import { findModels, type ParityModel } from './models.js';
import { writePage } from './page.js';
import { ours, reference } from './programs.js';
import { failures, modelText, table } from './report.js';
import { type ModelResult, type Results, writeResults } from './results.js';
import { CannotRun, type Program, Server } from './server.js';

interface Photo {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

type Side = 'reference' | 'ours';

async function main([python, ...words]: readonly string[]): Promise<number> {
  if (python === undefined) throw new Error('usage: run.js PYTHON [WORD...]');
  const programs = { reference: reference(python), ours: ours(path.resolve(import.meta.dirname, '..', '..')) };
  const photos = await readPhotos(shared('images/photos').path);
  const all = await findModels(shared('models').path);
  const chosen = all.filter(({ file }) => words.length === 0 || words.some((word) => file.includes(word)));
  const models: ModelResult[] = [];
  for (const model of chosen) {
    const result = await compared(model, programs, photos);
    models.push(result);
    console.log(`\n${modelText(result)}`);
  }
  console.log(`\n${table(models)}\n`);
  if (words.length === 0) {
    const results: Results = {
      ...circumstances('npm run parity', python),
      models,
    };
    writeResults(results);
    writePage(results);
  }
  const failed = failures(models);
  for (const failure of failed) console.log(`MISSED ${failure}`);
  return failed.length > 0 ? 1 : 0;
}

async function readPhotos(folder: string): Promise<Photo[]> {
  const names = (await readdir(folder)).sort();
  return Promise.all(
    names.map(async (name) => ({ name, bytes: new Uint8Array(await readFile(path.join(folder, name))) })),
  );
}

/** 64 x 48 pixels of one grey, as PPM. */
function greyPicture(): Uint8Array<ArrayBuffer> {
  const head = Buffer.from('P6 64 48 255\n');
  return new Uint8Array(Buffer.concat([head, Buffer.alloc(64 * 48 * 3, 114)]));
}

/** One model on every photo: rows, or the reason why one of the servers has none. */
async function compared(
  model: ParityModel,
  programs: Readonly<Record<Side, Program>>,
  photos: readonly Photo[],
): Promise<ModelResult> {
  const { file, emptyFirst, precision } = model;
  // Both are tried even where one has failed: what the other says is part of the result.
  const reference = await answers(programs.reference, model, photos);
  const ours = await answers(programs.ours, model, typeof reference === 'string' ? photos.slice(0, 1) : photos);
  const pictures: PictureRows[] = [];
  if (typeof reference !== 'string' && typeof ours !== 'string') {
    for (const [i, { name }] of photos.entries()) {
      pictures.push({ picture: name, reference: reference[i] ?? [], ours: ours[i] ?? [] });
    }
  }
  return {
    file,
    emptyFirst,
    precision,
    ...(typeof reference === 'string' && { referenceFault: reference }),
    ...(typeof ours === 'string' && { oursFault: ours }),
    pictures,
  };
}

/** Rows of each photo, or the reason of the first failure. */
async function answers(program: Program, model: ParityModel, photos: readonly Photo[]) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'zmdetect-parity-'));
  let server: Server | undefined;
  try {
    server = await Server.start(program, model, folder);
    const rows: PictureRows['ours'][] = [];
    if (model.emptyFirst) await server.detect('grey.ppm', greyPicture());
    for (const { name, bytes } of photos) rows.push(await server.detect(name, bytes));
    return rows;
  } catch (error) {
    if (error instanceof CannotRun) return error.message.replaceAll(path.dirname(model.entry.weights), '…');
    throw error;
  } finally {
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

process.exitCode = await main(process.argv.slice(2));
