import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';

import { concurrencies, onnxModels, prove } from '../../src/gpu/prove.js';

const gpu = existsSync('/proc/driver/nvidia/version');

t.test(
  'a host without a GPU is told what is missing, with status 78',
  { skip: gpu && 'this host has one' },
  async (t) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['.build/src/cli/prove-gpu.js'], {
      encoding: 'utf8',
    });
    t.equal(status, 78);
    t.match(stderr, /^prove-gpu: no GPU to prove: .+/);
    t.equal(stdout, '');
  },
);

t.test('models are found in the folder itself and in its directories', async (t) => {
  const folder = t.testdir({ 'loose.onnx': '', 'notes.txt': '', inner: { 'other.onnx': '', 'old.weights': '' } });
  t.strictSame(
    (await onnxModels(folder)).map(({ name }) => name),
    ['loose', 'other'],
  );
  await t.rejects(onnxModels(t.testdir()), { message: /there are no ONNX models/ });
});

t.test('every model gets a row, with its error where it does not load', async (t) => {
  const models = t.testdir();
  for (const file of ['default.onnx', 'default.names', 'sample.jpg']) cpSync(`models/${file}`, path.join(models, file));
  mkdirSync(path.join(models, 'bad'));
  writeFileSync(path.join(models, 'bad', 'bad.onnx'), 'no model');
  const rows = [];
  for await (const row of prove({ models, photos: models, instances: 1, seconds: 0.01, against: 'cpu' }))
    rows.push(row);
  t.match(rows, [
    { model: 'default', error: null, pictures: [{ picture: 'sample.jpg', labels_equal: true, max_box_difference: 0 }] },
    { model: 'bad', error: /bad\.onnx/, pictures: [], speed: [] },
  ]);
  t.ok((rows[0]?.pictures[0]?.detections ?? 0) > 0);
  t.strictSame(
    rows[0]?.speed.map(({ concurrency }) => concurrency),
    concurrencies,
  );
});
