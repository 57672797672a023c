import { join } from 'node:path';
import t from 'tap';
import { find, tree } from './find.js';

t.test('published name=model: the left name is published, the right one is found', async (t) => {
  const base = tree(t);
  const { specs, warnings } = await find(base, [
    'Yard YOLO = yolo11n',
    'Coral=coral',
    `P=${join(base, 'loose.onnx')}`,
    '=yolo26s',
  ]);
  t.match(specs, [
    {
      name: 'Yard YOLO',
      requestedName: 'Yard YOLO = yolo11n',
      weightsPath: /yolo11n\.onnx$/,
    },
    { name: 'Coral', weightsPath: /ssd\.tflite$/ },
    { name: 'P', weightsPath: /loose\.onnx$/ },
    { name: 'yolo26s', weightsPath: /yolo26s\.onnx$/ },
  ]);
  t.equal(specs[0]?.config.name, 'Yard YOLO');
  t.strictSame(warnings, []);
});

t.test('published name=model: only the first = counts, and the warning is about the right side', async (t) => {
  const { specs, warnings } = await find(tree(t), ['A=b=c']);
  t.match(specs, [{ name: 'A', weightsPath: null }]);
  t.match(warnings, [/^no model named b=c in \/base/]);
});

t.test('published name=model: a file whose own name has a = is found as it stands', async (t) => {
  const base = t.testdir({ m: { 'imgsz=320.onnx': 'x', '320.onnx': 'x' } });
  const { names, weights } = await find(base, ['imgsz=320', join(base, 'm', 'imgsz=320.onnx'), 'a=imgsz=320']);
  t.strictSame(names, ['imgsz=320', 'imgsz=320', 'a']);
  t.strictSame(weights, Array(3).fill('m/imgsz=320.onnx'));
});
