/**
 * A model of every family on every photo, against recorded reference detections (`01` has the float YOLO models, with
 * tighter bars). Another program made the reference, with other resizing for some families; what may differ, and why, stands
 * beside each model, and the share of the reference that must be found alike.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import t from 'tap';

import type { Box } from '../../src/detection/detection.js';
import { Engine, exactInt8Products, Ticket } from '../../src/engine/engine.js';
import { compare, type Found } from '../../src/gpu/compare.js';
import { labelsOf } from '../../src/models/labels-of.js';
import { shared } from '../support/shared.js';

type Row = readonly [label: string, confidence: number, x1: number, y1: number, x2: number, y2: number];
interface Expected {
  readonly images: Record<
    string,
    { readonly width: number; readonly height: number; readonly models: Record<string, { agnostic: readonly Row[] }> }
  >;
}

interface Family {
  /** Below the models' folder, with extension. */
  readonly file: string;
  readonly labels: string | null;
  /** Pixels; the reference ran the Darknet models at their own size and not at upstream's 416. */
  readonly side: number;
  /** Least share of the reference that is found, and most of what is found that the reference has not. */
  readonly found: number;
  readonly strangers: number;
}

const coco = 'coco.names';
const families: readonly Family[] = [
  { file: 'ultralytics/yolo11n_nms.onnx', labels: null, side: 0, found: 0.99, strangers: 0.01 },
  { file: 'ultralytics/yolo11n_fp16.onnx', labels: null, side: 0, found: 0.99, strangers: 0.01 },
  // Quantised: a last bit of the picture moves a score by whole steps.
  { file: 'ultralytics/yolo11n_320_int8.onnx', labels: null, side: 0, found: 0.9, strangers: 0.1 },
  { file: 'ultralytics/yolov8n_qdq_int8.onnx', labels: null, side: 0, found: 0.95, strangers: 0.05 },
  { file: 'yolox/yolox_nano.onnx', labels: coco, side: 0, found: 0.9, strangers: 0.1 },
  { file: 'yolo-fastest/yolo-fastest-1.1.weights', labels: coco, side: 320, found: 0.95, strangers: 0.05 },
  { file: 'yolo-fastest-xl/yolo-fastest-1.1-xl.weights', labels: coco, side: 320, found: 0.95, strangers: 0.05 },
  // Lanczos of other arithmetic, and a quantised network.
  {
    file: 'coral_edgetpu/coco_ssd_mobilenet_v1_1.0_quant_2018_06_29.tflite',
    labels: 'coco_labels.txt',
    side: 0,
    found: 0.95,
    strangers: 0.05,
  },
  { file: 'coral_note/note_ssd_fpnlite_320_quant.tflite', labels: 'labels.txt', side: 0, found: 1, strangers: 0 },
];

const minConfidence = 0.3;
const reference = shared('expected_detections.json');

for (const { file, labels: labelFile, side, found: least, strangers: most } of families) {
  const { dir, name, ext } = path.parse(file);
  t.test(`${name} finds what the reference found`, { skip: reference.skip }, async (t) => {
    const expected = JSON.parse(await readFile(reference.path, 'utf8')) as Expected;
    const engine = new Engine();
    t.teardown(() => engine.close());
    const weights = shared(`models/${file}`).path;
    const tflite = ext === '.tflite';
    const model = await engine.open({
      backend: tflite ? 'tflite' : 'onnx',
      path: weights,
      configPath: ext === '.weights' ? weights.replace(/weights$/, 'cfg') : '',
      inputWidth: side,
      inputHeight: side,
      // As the daemon's default has it.
      exactInt8: !exactInt8Products(),
    });
    const labelsPath = labelFile === null ? null : shared(`models/${dir}/${labelFile}`).path;
    const framework = tflite ? 'coral_edgetpu' : 'opencv';
    const spec = { framework, weightsPath: weights, labelsPath, labelsConfigured: labelFile !== null };
    const labels = await labelsOf(spec as Parameters<typeof labelsOf>[0], model.metadata.names);
    await model.prepare({ classes: labels.length, inputWidth: 0, inputHeight: 0, instances: 1 });

    const count = { reference: 0, missing: 0, found: 0, strange: 0 };
    for (const [picture, { width, height, models }] of Object.entries(expected.images)) {
      const rows = models[`${dir}/${name}`]?.agnostic;
      if (rows === undefined || !picture.startsWith('images/photos/')) continue;
      const image = await engine.decode(await readFile(shared(picture).path), new Ticket());
      const { boxes, scores, classes } = await model.detect(image, minConfidence, new Ticket());
      image.release();
      const found = Array.from(classes, (id, i): Found => ({
        label: labels[id] ?? String(id),
        confidence: scores[i] ?? 0,
        box: cut(boxes.subarray(4 * i, 4 * i + 4), width, height),
      }));
      const wanted = rows.map(([label, confidence, ...box]): Found => ({ label, confidence, box }));
      const { only_cpu: missing, only_gpu: strange } = compare(wanted, found, minConfidence);
      count.reference += wanted.length;
      count.found += found.length;
      count.missing += missing.length;
      count.strange += strange.length;
    }
    t.ok(count.reference > 0, `${count.reference} detections in the reference, ${count.found} here`);
    t.ok(1 - count.missing / count.reference >= least, `${count.missing} of the reference are not here`);
    t.ok(count.strange / count.found <= most, `${count.strange} of those here are not in the reference`);
  });
}

function cut([x1 = 0, y1 = 0, x2 = 0, y2 = 0]: Float64Array, width: number, height: number): Box {
  const within = (value: number, most: number) => Math.min(Math.max(value, 0), most);
  return [within(x1, width), within(y1, height), within(x2, width), within(y2, height)];
}
