import { relative } from 'node:path';
import { type Test } from 'tap';
import { defaultRuntimeChoices } from '../../src/detection/runtime.js';
import { findModels, type Wanted } from '../../src/models/discovery.js';

/** Finds `models` in a tree of files; paths in the answer are relative to it. */
export async function find(base: string, models: string[], more: Partial<Wanted> = {}) {
  const { specs, warnings } = await findModels({
    models,
    basePath: base,
    processor: 'cpu',
    processorGiven: false,
    detectorConfig: null,
    allowCpuFallback: true,
    gpuRetrySeconds: null,
    ...defaultRuntimeChoices(),
    ...more,
  });
  const short = (path: string | null) => path && relative(base, path);
  return {
    specs,
    names: specs.map(({ name }) => name),
    files: specs.map(({ weightsPath, configPath, labelsPath }) => [weightsPath, configPath, labelsPath].map(short)),
    weights: specs.map(({ weightsPath }) => short(weightsPath)),
    warnings: warnings.map((warning) => warning.replaceAll(base, '/base')),
  };
}

export const tree = (t: Test) =>
  t.testdir({
    'loose.onnx': 'x',
    ultralytics: { 'yolo26s.onnx': 'x', 'yolo11n.onnx': 'x', 'readme.md': 'x' },
    yolov4: { 'yolov4.weights': 'x', 'yolov4.cfg': 'x', 'coco.names': 'x' },
    coral: { 'ssd.tflite': 'x', 'coco_indexed.names': 'x' },
    deep: { deeper: { 'hidden.onnx': 'x' } },
    empty: {},
  });
