/** The models of the suite: every weight file of the shared folder, and what to tell both servers about it. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';

import type { Tolerance } from './compare.js';

export interface ParityModel {
  /** Path below the folder of models. */
  readonly file: string;
  /** Both servers see an empty picture first: some models of the reference answer otherwise from then on. */
  readonly emptyFirst: boolean;
  readonly precision: Precision;
  /** An entry of `detector_config.models`, which pyzm and zmdetect read alike. */
  readonly entry: Entry;
}

interface Entry extends Readonly<Record<string, string | number>> {
  readonly weights: string;
}

export type Precision = 'float32' | 'float16' | 'int8';

/** Why those of float16 and int8 are wider: docs/reference/parity.md. */
export const tolerances: Readonly<Record<Precision, Tolerance>> = {
  float32: { sameLabels: 1, identicalBoxes: 0.99, pixels: 1, confidence: 1e-4, quietPixels: 0 },
  float16: { sameLabels: 0.95, identicalBoxes: 0.6, pixels: 4, confidence: 5e-3, quietPixels: 4 },
  int8: { sameLabels: 0.75, identicalBoxes: 0.25, pixels: 48, confidence: 0.15, quietPixels: 48 },
};

/** Side of the input of ONNX models that is not 640; the reference never looks into the file for it. */
const sides: Readonly<Record<string, number>> = { 'yolo11n_320_int8.onnx': 320, 'yolox_nano.onnx': 416 };

/** End-to-end models, of which the reference stops to use the last layers once a picture was empty. */
const changing = new Set(['yolo26n.onnx']);

export async function findModels(folder: string): Promise<ParityModel[]> {
  const files = (await readdir(folder, { recursive: true })).sort();
  return files
    .filter((file) => /\.(onnx|weights|tflite)$/.test(file))
    .map((file) => modelOf(folder, file, files))
    .flatMap((model) => (changing.has(path.basename(model.file)) ? [model, { ...model, emptyFirst: true }] : [model]));
}

function modelOf(folder: string, file: string, files: readonly string[]): ParityModel {
  const { dir, base, name } = path.parse(file);
  const beside = (pattern: RegExp) => files.find((other) => path.dirname(other) === dir && pattern.test(other));
  const labels = beside(/\.names$|labels\.txt$/);
  const network = beside(/\.cfg$/);
  const side = sides[base];
  const entry = {
    name,
    weights: path.join(folder, file),
    ...(labels !== undefined && { labels: path.join(folder, labels) }),
    ...(network !== undefined && { config: path.join(folder, network) }),
    ...(base.endsWith('.tflite') && { framework: 'coral_edgetpu' }),
    ...(side !== undefined && { model_width: side, model_height: side }),
  };
  return { file, emptyFirst: false, precision: precisionOf(base), entry };
}

function precisionOf(file: string): Precision {
  if (/fp16/.test(file)) return 'float16';
  return /int8|quant/.test(file) ? 'int8' : 'float32';
}
