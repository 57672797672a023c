import { join } from 'node:path';
import t from 'tap';
import { find, tree } from './find.js';

t.test('named models are loaded at once', async (t) => {
  const { specs } = await find(tree(t), ['yolo11n']);
  t.strictSame(
    specs.map(({ lazy }) => lazy),
    [false],
  );
});

t.test('rule 0: the absolute path of a weight file, with what lies beside it', async (t) => {
  const base = tree(t);
  const path = join(base, 'yolov4', 'yolov4.weights');
  t.strictSame((await find(join(base, 'empty'), [path])).specs[0], (await find(base, [path])).specs[0]);
  const { names, files } = await find(base, [path, join(base, 'loose.onnx')]);
  t.strictSame(names, ['yolov4', 'loose']);
  t.strictSame(files, [
    ['yolov4/yolov4.weights', 'yolov4/yolov4.cfg', 'yolov4/coco.names'],
    ['loose.onnx', null, null],
  ]);
});

t.test('rule 1: a directory gives its first weight file, published under the stem of the file', async (t) => {
  const { specs, warnings } = await find(tree(t), ['ultralytics', 'deep/deeper']);
  t.match(specs, [
    {
      name: 'yolo11n',
      requestedName: 'ultralytics',
      weightsPath: /ultralytics\/yolo11n\.onnx$/,
    },
    { name: 'hidden', requestedName: 'deep/deeper' },
  ]);
  t.strictSame(warnings, []);
});

t.test('rule 1 comes before rule 2', async (t) => {
  const base = t.testdir({
    a: { 'both.onnx': 'x' },
    both: { 'other.onnx': 'x' },
  });
  t.strictSame((await find(base, ['both'])).names, ['other']);
});

t.test('rule 1 passes over a directory without weights', async (t) => {
  const base = t.testdir({
    both: { 'readme.txt': 'x' },
    z: { 'both.onnx': 'x' },
  });
  t.strictSame((await find(base, ['both'])).weights, ['z/both.onnx']);
});

t.test('rule 1 also takes the absolute path of a directory, and does not block ..', async (t) => {
  const base = tree(t);
  t.strictSame((await find(join(base, 'empty'), [join(base, 'yolov4'), '../coral'])).names, ['yolov4', 'ssd']);
});

t.test('rule 2: a stem in any sub-directory; the first directory wins, the extension does not matter', async (t) => {
  const base = t.testdir({
    a: { 'x.weights': 'x' },
    b: { 'x.onnx': 'x', 'Y.onnx': 'x' },
  });
  const { weights } = await find(base, ['x', 'Y', 'y']);
  t.strictSame(weights, ['a/x.weights', 'b/Y.onnx', null], 'letter case matters');
});

t.test('what upstream does not find: a file with its extension, and a path below the base', async (t) => {
  const base = tree(t);
  for (const name of ['yolo26s.onnx', 'ultralytics/yolo26s.onnx', './ultralytics/yolo26s.onnx', ' yolo26s ']) {
    const { weights, names, warnings } = await find(base, [name]);
    t.strictSame(
      { weights, names, warnings },
      { weights: ['ultralytics/yolo26s.onnx'], names: ['yolo26s'], warnings: [] },
      name,
    );
  }
  t.strictSame((await find(base, ['loose.onnx'])).weights, ['loose.onnx']);
});

t.test('of several files with one stem the first is taken, and the log says so', async (t) => {
  const base = t.testdir({ a: { 'x.weights': 'x', 'x.onnx': 'x' }, b: { 'x.onnx': 'x' } });
  const { weights, warnings } = await find(base, ['x']);
  t.strictSame(weights, ['a/x.onnx']);
  t.strictSame(warnings, [
    'several files answer to the model name x: /base/a/x.onnx is taken, not /base/a/x.weights, /base/b/x.onnx',
  ]);
  t.strictSame(await find(base, ['x.weights']).then((found) => [found.weights, found.warnings]), [['a/x.weights'], []]);
});

t.test('rule 3: a name that nothing answers to gives a model without weights, and a warning', async (t) => {
  const { specs, warnings } = await find(tree(t), ['nonsense'], {
    processor: 'gpu',
  });
  t.match(specs, [
    {
      name: 'nonsense',
      requestedName: 'nonsense',
      type: 'object',
      framework: 'opencv',
      processor: 'gpu',
      weightsPath: null,
      configPath: null,
      labelsPath: null,
      lazy: false,
    },
  ]);
  t.strictSame(warnings, ['no model named nonsense in /base: there are ssd, yolo11n, yolo26s, yolov4']);
});

t.test('the warning names the nearest models', async (t) => {
  const base = t.testdir({
    ultralytics: {
      'yolo11n.onnx': 'x',
      'yolo11s.onnx': 'x',
      'yolo26n.onnx': 'x',
    },
  });
  for (const [name, words] of [
    ['yolo11', 'nearest are yolo11n, yolo11s'],
    ['ultralitics', 'nearest is ultralytics'],
    ['YOLO26N', 'nearest is yolo26n'],
  ] as const) {
    const { warnings } = await find(base, [name]);
    t.match(warnings, [`no model named ${name} in /base: ${words}`]);
  }
});

t.test('the warning knows a file that lies in the wrong place', async (t) => {
  const { specs, warnings } = await find(tree(t), ['loose']);
  t.equal(specs[0]?.weightsPath, null);
  t.strictSame(warnings, [
    'no model named loose in the directories of /base: move /base/loose.onnx into a directory of its own',
  ]);
});

t.test('names are no patterns', async (t) => {
  t.strictSame((await find(tree(t), ['yolo*', 'yolo11?'])).weights, [null, null]);
});

t.test('order and repetition of the list are kept', async (t) => {
  const { names, warnings } = await find(tree(t), ['yolo26s', 'yolov4', 'yolo26s']);
  t.strictSame(names, ['yolo26s', 'yolov4', 'yolo26s']);
  t.strictSame(warnings, ['2 models are called object yolo26s: /infer finds only the first']);
});

t.test('an empty list gives no models', async (t) => {
  t.strictSame(await find(tree(t), []), {
    specs: [],
    names: [],
    files: [],
    weights: [],
    warnings: [],
  });
});
