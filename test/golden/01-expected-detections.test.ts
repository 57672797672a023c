/**
 * Real models on real photos, against recorded reference detections (class-agnostic NMS, OpenCV decoding and resizing).
 *
 * The reference was rounded to three digits, its boxes were cut to the picture, and another version of OpenCV made it;
 * what may differ is stated in `tolerance`, and every difference is printed.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import t from 'tap';

import { Engine, Ticket } from '../../src/engine/engine.js';
import { parseNames } from '../../src/models/names.js';
import { shared } from '../support/shared.js';

type Row = readonly [label: string, confidence: number, x1: number, y1: number, x2: number, y2: number];
interface Expected {
  readonly images: Record<string, Picture>;
}
interface Picture {
  readonly width: number;
  readonly height: number;
  readonly models: Record<string, { readonly agnostic: readonly Row[] }>;
}

/** Three-digit rounding of the reference, and one pixel for a box whose float corner lies at a half. */
const tolerance = { confidence: 0.002, pixels: 1 };
/** Below it a score may fall on either side of the threshold 0.3. */
const surely = 0.305;

const reference = shared('expected_detections.json');

for (const model of ['yolo11n', 'yolo26n', 'yolov8n']) {
  t.test(`${model} finds what the reference found on every photo`, { skip: reference.skip }, async (t) => {
    const expected = JSON.parse(await readFile(reference.path, 'utf8')) as Expected;
    const engine = new Engine();
    t.teardown(() => engine.close());
    const native = await engine.open({
      backend: 'onnx',
      path: shared(`models/ultralytics/${model}.onnx`).path,
      intraOpThreads: 0,
    });
    const labels = parseNames(native.metadata.names ?? '');
    await native.prepare({ classes: labels.length, inputWidth: 0, inputHeight: 0, instances: 1 });

    let compared = 0;
    for (const [file, picture] of Object.entries(expected.images)) {
      const rows = picture.models[`ultralytics/${model}`]?.agnostic;
      if (rows === undefined || !file.startsWith('images/photos/')) continue;
      const ticket = new Ticket();
      const image = await engine.decode(await readFile(shared(file).path), ticket);
      const { boxes, scores, classes } = await native.detect(image, 0.3, ticket);
      image.release();
      const found = Array.from(classes, (id, i): Row => [
        labels[id] ?? '',
        scores[i] ?? 0,
        ...cut(boxes.subarray(4 * i, 4 * i + 4), picture),
      ]);
      for (const difference of differences(rows, found)) t.fail(`${path.basename(file)}: ${difference}`);
      compared += rows.length;
    }
    t.ok(compared > 100, `${compared} detections compared`);
  });
}

function cut([x1 = 0, y1 = 0, x2 = 0, y2 = 0]: Float64Array, { width, height }: Picture) {
  const within = (value: number, most: number) => Math.min(Math.max(value, 0), most);
  return [within(x1, width), within(y1, height), within(x2, width), within(y2, height)] as const;
}

/** Every reference detection that was not found alike, and every one found that the reference does not have. */
function* differences(expected: readonly Row[], found: readonly Row[]): Generator<string> {
  const rest = [...found];
  for (const row of expected) {
    const match = rest.findIndex((other) => same(row, other));
    if (match >= 0) rest.splice(match, 1);
    else if (row[1] >= surely) yield `missing ${row.join(' ')}`;
  }
  for (const row of rest) if (row[1] >= surely) yield `not in the reference: ${row.join(' ')}`;
}

function same(a: Row, b: Row): boolean {
  const corners = [2, 3, 4, 5] as const;
  return (
    a[0] === b[0] &&
    Math.abs(a[1] - b[1]) <= tolerance.confidence &&
    corners.every((i) => Math.abs(a[i] - b[i]) <= tolerance.pixels)
  );
}
