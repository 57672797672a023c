import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';

import { findModels } from './models.js';

function folderOf(t: Test, files: readonly string[]): string {
  const folder = t.testdir();
  for (const file of files) {
    mkdirSync(path.join(folder, path.dirname(file)), { recursive: true });
    writeFileSync(path.join(folder, file), '');
  }
  return folder;
}

t.test('a model brings the files beside it, and no others', async (t) => {
  const folder = folderOf(t, [
    'a/net.weights',
    'a/net.cfg',
    'a/coco.names',
    'b/plain.onnx',
    'c/ssd.tflite',
    'c/labels.txt',
  ]);
  const models = await findModels(folder);
  t.strictSame(
    models.map(({ entry }) => entry),
    [
      {
        name: 'net',
        weights: path.join(folder, 'a/net.weights'),
        labels: path.join(folder, 'a/coco.names'),
        config: path.join(folder, 'a/net.cfg'),
      },
      { name: 'plain', weights: path.join(folder, 'b/plain.onnx') },
      {
        name: 'ssd',
        weights: path.join(folder, 'c/ssd.tflite'),
        labels: path.join(folder, 'c/labels.txt'),
        framework: 'coral_edgetpu',
      },
    ],
  );
});

t.test('an input that is not 640 is told to both servers', async (t) => {
  const [model] = await findModels(folderOf(t, ['x/yolox_nano.onnx']));
  t.match(model?.entry, { model_width: 416, model_height: 416 });
});

t.test('the name says the precision', async (t) => {
  const models = await findModels(folderOf(t, ['x/a.onnx', 'x/b_fp16.onnx', 'x/c_int8.onnx', 'x/d_quant.tflite']));
  t.strictSame(
    models.map(({ precision }) => precision),
    ['float32', 'float16', 'int8', 'int8'],
  );
});

t.test('a model whose reference changes is compared before and after', async (t) => {
  const models = await findModels(folderOf(t, ['x/yolo26n.onnx']));
  t.strictSame(
    models.map(({ emptyFirst }) => emptyFirst),
    [false, true],
  );
});
