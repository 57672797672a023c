/** Pictures of shapes, what is in them, and how a reply compares with that. */
import { readFileSync } from 'node:fs';
import type { Test } from 'tap';

import type { Box } from '../../src/detection/detection.js';
import type { ResultJson, UrlsReplyJson } from '../../src/detection/wire.js';
import { bytesOf } from './daemon.js';

export interface Shape {
  readonly label: string;
  readonly box: Box;
}

export interface Picture {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly width: number;
  readonly height: number;
  readonly objects: readonly Shape[];
}

const folder = 'test/fixtures/shapes';
const truth = JSON.parse(readFileSync(`${folder}/truth.json`, 'utf8')) as Record<
  string,
  Pick<Picture, 'width' | 'height' | 'objects'>
>;

export const pictures: readonly Picture[] = Object.entries(truth).map(([name, entry]) => ({
  name,
  bytes: bytesOf(`${folder}/${name}`),
  ...entry,
}));

/** The picture whose file name begins so. */
export function picture(beginning: string): Picture {
  const found = pictures.find(({ name }) => name.startsWith(beginning));
  if (found === undefined) throw new Error(`there is no picture ${beginning}`);
  return found;
}

export const resultKeys = [
  'boxes',
  'labels',
  'confidences',
  'frame_id',
  'image_dimensions',
  'error_boxes',
  'model_names',
  'detection_types',
  'polygons',
];

export function iou(a: Box, b: Box): number {
  const area = ([x1, y1, x2, y2]: Box) => Math.max(0, x2 - x1) * Math.max(0, y2 - y1);
  const common = area([Math.max(a[0], b[0]), Math.max(a[1], b[1]), Math.min(a[2], b[2]), Math.min(a[3], b[3])]);
  return common / (area(a) + area(b) - common);
}

/** A reply's body as a result object. */
export function resultOf(json: unknown): ResultJson {
  return json as ResultJson;
}

export function urlsReplyOf(json: unknown): UrlsReplyJson {
  return json as UrlsReplyJson;
}

/** Asserts that a result holds these shapes, each once, and nothing else, with well-formed parallel arrays. */
export function holds(t: Test, result: ResultJson, shapes: readonly Shape[], message: string): void {
  const { boxes, labels, confidences, model_names: models, detection_types: types } = result;
  t.strictSame([...labels].sort(), shapes.map(({ label }) => label).sort(), `${message}: labels`);
  for (const list of [boxes, confidences, models, types]) t.equal(list.length, labels.length);
  for (const { label, box } of shapes) {
    const overlaps = boxes.map((found, i) => (labels[i] === label ? iou(found, box) : 0));
    t.ok(Math.max(0, ...overlaps) >= 0.5, `${message}: ${label} at ${box.join(', ')}`);
  }
  t.ok(confidences.every((value) => value > 0 && value <= 1));
}

/** A zone in the wire's form: a rectangle some pixels wider than the box on each side. */
export function zoneAround(box: Box, fields: Readonly<Record<string, unknown>> = {}) {
  const [x1, y1, x2, y2] = [box[0] - 5, box[1] - 5, box[2] + 5, box[3] + 5];
  const value = [
    [x1, y1],
    [x2, y1],
    [x2, y2],
    [x1, y2],
  ];
  return { name: 'yard', value, pattern: null, ignore_pattern: null, ...fields };
}
