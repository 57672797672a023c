// Darknet models on both engines, ours on ONNX Runtime and OpenCV's own: how far their detections lie apart on every
// picture of a folder, and how many pictures a second each takes, measured in turns in one run.
//   node bench/darknet-engines.mjs MODELS PICTURES [ROUNDS]      writes bench/results/darknet-engines.json
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { defaultModelConfig } from '../dist/detection/config.js';
import { defaultRuntimeChoices } from '../dist/detection/runtime.js';
import { Engine, Ticket, usableCpus } from '../dist/engine/engine.js';
import { compare } from '../dist/gpu/compare.js';
import { imagesPerSecond } from '../dist/gpu/throughput.js';
import { findModels } from '../dist/models/discovery.js';
import { loadModel } from '../dist/models/load.js';
import { circumstances, median, root } from './daemon.mjs';

const [models, pictures] = process.argv.slice(2, 4).map((file) => path.resolve(file));
const rounds = Number(process.argv[4] ?? 7);
const seconds = 2;
const minConfidence = 0.3;
const engines = ['onnxruntime', 'opencv'];

const common = { basePath: models, processor: 'cpu', processorGiven: false, detectorConfig: null };
const policy = { allowCpuFallback: false, gpuRetrySeconds: 0, ...defaultRuntimeChoices() };
const { specs } = await findModels({ ...common, ...policy, models: ['all'] });
const darknet = specs.filter(({ weightsPath }) => /\.weights$/i.test(weightsPath ?? ''));
if (darknet.length === 0) throw new Error(`there are no .weights under ${models}`);

const engine = new Engine({ maxImages: 64 });
const photos = [];
for (const name of (await readdir(pictures)).sort()) {
  photos.push({ name, image: await engine.decode(await readFile(path.join(pictures, name)), new Ticket()) });
}

const detect = ({ native }, image) => native.detect(image, minConfidence, new Ticket());

async function found(loaded, image) {
  const { boxes, scores, classes } = await detect(loaded, image);
  return Array.from(classes, (id, i) => ({
    label: loaded.labels[id] ?? String(id),
    confidence: scores[i],
    box: Array.from(boxes.subarray(4 * i, 4 * i + 4)),
  }));
}

async function load(spec, darknetEngine, intraOpThreads) {
  const chosen = { ...spec, config: spec.config ?? defaultModelConfig(), runtime: { ...spec.runtime, darknetEngine } };
  return loadModel(chosen, 'cpu', engine, { intraOpThreads, instances: 1 });
}

/** Rounds in turn, so that whatever else the machine does meets both alike. */
async function speed(spec, threads) {
  const loaded = await Promise.all(engines.map((name) => load(spec, name, threads)));
  const images = photos.map(({ image }) => image);
  const rates = engines.map(() => []);
  for (let round = 0; round < rounds; round += 1) {
    for (const at of round % 2 === 0 ? [0, 1] : [1, 0]) {
      rates[at].push(await imagesPerSecond((image) => detect(loaded[at], image), images, 2, seconds));
    }
  }
  await Promise.all(loaded.map(({ native }) => native.close()));
  const ratios = rates[0].map((rate, i) => rate / rates[1][i]);
  return {
    threads,
    onnxruntime_images_per_second: median(rates[0]),
    opencv_images_per_second: median(rates[1]),
    ratio: Number(median(ratios).toFixed(2)),
    rounds: { onnxruntime: rates[0], opencv: rates[1] },
  };
}

const rows = [];
for (const spec of darknet) {
  const [ours, theirs] = await Promise.all(engines.map((name) => load(spec, name, 0)));
  const perPicture = [];
  for (const { name, image } of photos) {
    const [a, b] = [await found(ours, image), await found(theirs, image)];
    const { only_cpu: onlyOurs, only_gpu: onlyOpenCv, ...differences } = compare(a, b, minConfidence);
    perPicture.push({ picture: name, detections: a.length, ...differences, only_onnxruntime: onlyOurs, only_opencv: onlyOpenCv });
  }
  const runtimes = [ours, theirs].map(({ native }) => native.runtime);
  await Promise.all([ours, theirs].map(({ native }) => native.close()));
  const row = {
    model: spec.name,
    runtimes,
    pictures: perPicture.length,
    detections: perPicture.reduce((sum, each) => sum + each.detections, 0),
    alone: perPicture.reduce((sum, each) => sum + each.only_onnxruntime.length + each.only_opencv.length, 0),
    max_box_difference: Math.max(...perPicture.map((each) => each.max_box_difference)),
    max_confidence_difference: Math.max(...perPicture.map((each) => each.max_confidence_difference)),
    speed: [await speed(spec, 1), await speed(spec, usableCpus())],
    per_picture: perPicture,
  };
  rows.push(row);
  console.log(
    `${row.model}: ${row.pictures} pictures, ${row.detections} detections, ${row.alone} found by one engine only, ` +
      `boxes within ${row.max_box_difference} px, confidences within ${row.max_confidence_difference.toExponential(1)}`,
  );
  for (const { threads, ...each } of row.speed) {
    console.log(
      `  ${threads} thread(s): ${each.onnxruntime_images_per_second} images/s with ${runtimes[0]}, ` +
        `${each.opencv_images_per_second} with ${runtimes[1]}: ${each.ratio} times`,
    );
  }
}
for (const { image } of photos) image.release();
await engine.close();

const result = {
  ...circumstances(),
  method:
    'pictures are decoded beforehand; letterbox, inference and post-processing are measured, two requests in flight, ' +
    `one instance; ${rounds} rounds of ${seconds} s in turns, medians; the ratio is the median of the rounds' ratios`,
  min_confidence: minConfidence,
  models: rows,
};
await writeFile(path.join(root, 'bench/results/darknet-engines.json'), `${JSON.stringify(result, null, 2)}\n`);
