import { basename, join, relative } from 'node:path';
import t from 'tap';
import { find, tree } from './find.js';

t.test('all: every weight file in the immediate sub-directories, sorted, to be loaded on first use', async (t) => {
  const { specs, weights, warnings } = await find(tree(t), ['all']);
  t.strictSame(weights, [
    'coral/ssd.tflite',
    'ultralytics/yolo11n.onnx',
    'ultralytics/yolo26s.onnx',
    'yolov4/yolov4.weights',
  ]);
  t.ok(specs.every(({ lazy }) => lazy));
  t.strictSame(warnings, []);
});

t.test('the extension decides about framework and processor', async (t) => {
  const { specs } = await find(tree(t), ['yolo11n', 'yolov4', 'ssd'], {
    processor: 'gpu',
  });
  t.match(specs, [
    { name: 'yolo11n', type: 'object', framework: 'opencv', processor: 'gpu' },
    { name: 'yolov4', type: 'object', framework: 'opencv', processor: 'gpu' },
    {
      name: 'ssd',
      type: 'object',
      framework: 'coral_edgetpu',
      processor: 'tpu',
    },
  ]);
  t.match(specs[2]?.config, {
    framework: 'coral_edgetpu',
    processor: 'tpu',
    minConfidence: 0.3,
  });
});

t.test('a .tflite runs on the CPU where that was asked for, and not where it is only the default', async (t) => {
  const asked = await find(tree(t), ['ssd', 'yolo11n'], { processor: 'cpu', processorGiven: true });
  t.match(asked.specs, [
    { name: 'ssd', framework: 'coral_edgetpu', processor: 'cpu', config: { processor: 'cpu' } },
    { name: 'yolo11n', processor: 'cpu' },
  ]);
  t.match((await find(tree(t), ['all'], { processor: 'cpu', processorGiven: true })).specs[0], { processor: 'cpu' });
  t.match((await find(tree(t), ['ssd'], { processor: 'gpu', processorGiven: true })).specs, [{ processor: 'tpu' }]);
  t.match((await find(tree(t), ['ssd'], { processor: 'cpu', processorGiven: false })).specs, [{ processor: 'tpu' }]);
});

t.test('sorting is by bytes: capitals first, and no language rules', async (t) => {
  const base = t.testdir({
    b: { 'a.onnx': 'x' },
    B: {
      'Z.onnx': 'x',
      'a10.onnx': 'x',
      'a9.onnx': 'x',
      'é.onnx': 'x',
      '_.onnx': 'x',
      '\u{10000}.onnx': 'x',
      '\uffee.onnx': 'x',
    },
  });
  t.strictSame((await find(base, ['all'])).names, ['Z', '_', 'a10', 'a9', 'é', '\uffee', '\u{10000}', 'a']);
});

t.test('the letter case of a weight extension does not matter, and only the last extension goes', async (t) => {
  const base = t.testdir({
    m: {
      'A.ONNX': 'x',
      'b.v2.Onnx': 'x',
      'c.WEIGHTS': 'x',
      'd.TfLite': 'x',
      '.onnx': 'x',
      'e.onnx.bak': 'x',
    },
  });
  const { specs } = await find(base, ['all']);
  t.match(specs, [
    { name: 'A', framework: 'opencv' },
    { name: 'b.v2', framework: 'opencv' },
    { name: 'c', framework: 'opencv' },
    { name: 'd', framework: 'coral_edgetpu', processor: 'tpu' },
  ]);
  t.equal(specs.length, 4, 'a file called .onnx has no extension');
});

t.test('a base path that is not there is a warning and no models', async (t) => {
  const base = join(t.testdir(), 'none');
  t.match(await find(base, ['all']), {
    specs: [],
    warnings: ['the model directory /base is not there or cannot be read'],
  });
  t.match(await find(base, ['yolo11n']), {
    specs: [{ name: 'yolo11n', weightsPath: null }],
    warnings: ['no model named yolo11n: the model directory /base is not there or cannot be read'],
  });
});

t.test('a base path without models is a warning', async (t) => {
  t.match(await find(t.testdir({ a: {} }), ['all']), {
    specs: [],
    warnings: ['there are no models in the directories of /base'],
  });
  t.match((await find(t.testdir({ a: {} }), ['x'])).warnings, ['no model named x: there are no models in /base']);
});

t.test('a relative base path is taken from the working directory', async (t) => {
  const base = tree(t);
  const { specs } = await find(relative(process.cwd(), base), ['yolo11n']);
  t.equal(specs[0]?.weightsPath, join(base, 'ultralytics', 'yolo11n.onnx'));
  t.equal(basename(specs[0]?.weightsPath ?? ''), 'yolo11n.onnx');
});
