// The work of scripts/show-models.
import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { startDaemon } from '../bench/daemon.mjs';
import { compare } from '../dist/gpu/compare.js';

const minConfidence = 0.3;
const ten = [
  'bus_people.jpg',
  'coco_052891.jpg',
  'dog_bike_car.jpg',
  'driveway_person_car.jpg',
  'giraffe_zebra.jpg',
  'horses.jpg',
  'note_rings_screen.png',
  'person_dog_horse.jpg',
  'street_at_night.jpg',
  'two_dogs.jpg',
];

/** Models that the reference has under another name: the same weights. */
const sameAs = { 'ultralytics/yolo11n_dynbatch': 'ultralytics/yolo11n' };

const shared = path.resolve(process.argv[2] ?? '../shared');
const flags = new Set(process.argv.slice(3));
const base = path.join(shared, 'models');
const { images } = JSON.parse(await readFile(path.join(shared, 'expected_detections.json'), 'utf8'));
const photos = Object.keys(images).filter(
  (file) => file.startsWith('images/photos/') && (flags.has('--all-photos') || ten.includes(path.basename(file))),
);

const daemon = await startDaemon(['--base-path', base, '--models', 'all', '--processor', 'cpu']);

async function infer(model, bytes) {
  const form = new FormData();
  form.set('type', 'object');
  form.set('name', model);
  form.set('min_confidence', String(minConfidence));
  form.set('image', new Blob([bytes]), 'frame.jpg');
  const answer = await fetch(`${daemon.url}/infer`, { method: 'POST', body: form });
  const { detections, error, detail } = await answer.json();
  if (!answer.ok || error) throw new Error(error ?? detail);
  return detections.map(({ label, confidence, box }) => ({ label, confidence, box }));
}

async function models() {
  return (await (await fetch(`${daemon.url}/models`)).json()).models;
}

/** The reference's boxes were cut to the picture. */
function cut({ box, ...rest }, { width, height }) {
  const sides = [width, height, width, height];
  return { ...rest, box: box.map((side, i) => Math.min(Math.max(side, 0), sides[i])) };
}

const short = (list) =>
  list.map(({ label, confidence, box }) => `${label} ${confidence.toFixed(2)} [${box.join(',')}]`).join('; ') || '-';

try {
  const rows = new Map();
  for (const { name } of await models()) {
    const key = Object.keys(images[photos[0]].models)
      .concat(
        Object.keys(images[photos.find((file) => file.includes('note_rings'))]?.models ?? {}),
        Object.keys(sameAs),
      )
      .find((each) => path.basename(each) === name);
    const row = { photos: 0, expected: 0, found: 0, onlyReference: 0, onlyOurs: 0, box: 0, confidence: 0 };
    rows.set(name, row);
    for (const file of photos) {
      const found = await infer(name, await readFile(path.join(shared, file))).catch(() => undefined);
      if (found === undefined) break;
      row.found += found.length;
      const reference = images[file].models[sameAs[key] ?? key]?.agnostic;
      if (reference === undefined) continue;
      const expected = reference.map(([label, confidence, ...box]) => ({ label, confidence, box }));
      const seen = found.map((each) => cut(each, images[file]));
      const difference = compare(expected, seen, minConfidence);
      row.photos += 1;
      row.expected += expected.length;
      row.onlyReference += difference.only_cpu.length;
      row.onlyOurs += difference.only_gpu.length;
      row.box = Math.max(row.box, difference.max_box_difference);
      row.confidence = Math.max(row.confidence, difference.max_confidence_difference);
      if (flags.has('--each') && (difference.only_cpu.length > 0 || difference.only_gpu.length > 0)) {
        console.log(`${name} ${path.basename(file)}\n  only reference: ${short(difference.only_cpu)}`);
        console.log(`  only here:      ${short(difference.only_gpu)}`);
      }
    }
  }
  console.log(
    `\nGET /models, and detections of at least ${minConfidence} on ${photos.length} photos beside the reference`,
  );
  for (const model of await models()) {
    const row = rows.get(model.name);
    console.log(`${model.name}`);
    console.log(
      `  ${model.state} on ${model.processor} (${model.device ?? '-'}), ${model.runtime ?? '-'}, layout ${model.layout ?? '-'}, ` +
        `input ${model.input?.join('x') ?? '-'}, batch ${model.batch ? `${model.batch.max} ${model.batch.kind}` : '-'}, warm-up ${model.warmup_ms ?? '-'} ms`,
    );
    if (model.error !== null) console.log(`  ${model.error}`);
    if (row.photos > 0) {
      console.log(
        `  ${row.photos} photos: ${row.expected} in the reference, ${row.onlyReference} of them not here, ${row.onlyOurs} only here; ` +
          `boxes within ${row.box} px, confidences within ${row.confidence.toFixed(4)}`,
      );
    } else if (model.error === null) console.log(`  no reference; ${row.found} detections`);
  }
} finally {
  await daemon.stop();
}
