import { relative } from 'node:path';
import t, { type Test } from 'tap';
import { defaultRuntimeChoices } from '../../src/detection/runtime.js';
import { findModels } from '../../src/models/discovery.js';

/** `[weights, config, labels]` of every model in one directory of files. */
async function beside(t: Test, files: string[]) {
  const base = t.testdir({
    m: Object.fromEntries(files.map((name) => [name, 'x'])),
  });
  const { specs } = await findModels({
    models: ['all'],
    basePath: base,
    processor: 'cpu',
    processorGiven: false,
    ...defaultRuntimeChoices(),
    detectorConfig: null,
    allowCpuFallback: true,
    gpuRetrySeconds: null,
  });
  return specs.map(({ weightsPath, configPath, labelsPath }) =>
    [weightsPath, configPath, labelsPath].map((path) => path && relative(`${base}/m`, path)),
  );
}

t.test('a Darknet model gets the first .cfg and the first label file of its directory', async (t) => {
  t.strictSame(await beside(t, ['a.weights', 'y.cfg', 'x.cfg', 'q.names', 'p.names']), [
    ['a.weights', 'x.cfg', 'p.names'],
  ]);
});

t.test('a Coral model gets labels, and no .cfg', async (t) => {
  t.strictSame(await beside(t, ['a.tflite', 'x.cfg', 'p.txt']), [['a.tflite', null, 'p.txt']]);
});

t.test('an ONNX model gets labels to stand in for names that it lacks', async (t) => {
  t.strictSame(await beside(t, ['a.onnx', 'x.cfg', 'p.labels']), [['a.onnx', null, 'p.labels']]);
});

t.test('.names comes before .txt, and .txt before .labels', async (t) => {
  t.strictSame(await beside(t, ['a.weights', 'a1.labels', 'a2.txt', 'a3.names']), [['a.weights', null, 'a3.names']]);
  t.strictSame(await beside(t, ['a.weights', 'a1.labels', 'a2.txt']), [['a.weights', null, 'a2.txt']]);
  t.strictSame(await beside(t, ['a.weights', 'a1.labels']), [['a.weights', null, 'a1.labels']]);
});

t.test("files with the model's own stem come before the directory's first", async (t) => {
  t.strictSame(await beside(t, ['a.weights', 'a.cfg', 'a.txt', 'b.weights', 'b.cfg', 'b.names', '0.names', '0.cfg']), [
    ['a.weights', 'a.cfg', 'a.txt'],
    ['b.weights', 'b.cfg', 'b.names'],
  ]);
});

t.test('the letter case of label and .cfg extensions matters', async (t) => {
  t.strictSame(await beside(t, ['a.weights', 'a.CFG', 'a.NAMES', 'b.TXT']), [['a.weights', null, null]]);
});

t.test('without anything beside it, a model has neither', async (t) => {
  t.strictSame(await beside(t, ['a.weights', 'readme.md']), [['a.weights', null, null]]);
});
