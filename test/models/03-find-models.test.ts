import { basename, join, relative } from 'node:path';
import t, { type Test } from 'tap';
import { defaultModelConfig } from '../../src/detection/config.js';
import { findModels, type Wanted } from '../../src/models/discovery.js';

/** Finds `models` in a tree of files; paths in the answer are relative to it. */
async function find(base: string, models: string[], more: Partial<Wanted> = {}) {
  const { specs, warnings } = await findModels({
    models,
    basePath: base,
    processor: 'cpu',
    detectorConfig: null,
    allowCpuFallback: true,
    gpuRetrySeconds: null,
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

const tree = (t: Test) =>
  t.testdir({
    'loose.onnx': 'x',
    ultralytics: { 'yolo26s.onnx': 'x', 'yolo11n.onnx': 'x', 'readme.md': 'x' },
    yolov4: { 'yolov4.weights': 'x', 'yolov4.cfg': 'x', 'coco.names': 'x' },
    coral: { 'ssd.tflite': 'x', 'coco_indexed.names': 'x' },
    deep: { deeper: { 'hidden.onnx': 'x' } },
    empty: {},
  });

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

t.test('named models are loaded at once', async (t) => {
  const { specs } = await find(tree(t), ['yolo11n']);
  t.strictSame(
    specs.map(({ lazy }) => lazy),
    [false],
  );
});

t.test('the extension decides about framework and processor', async (t) => {
  const { specs } = await find(tree(t), ['yolo11n', 'yolov4', 'ssd'], { processor: 'gpu' });
  t.match(specs, [
    { name: 'yolo11n', type: 'object', framework: 'opencv', processor: 'gpu' },
    { name: 'yolov4', type: 'object', framework: 'opencv', processor: 'gpu' },
    { name: 'ssd', type: 'object', framework: 'coral_edgetpu', processor: 'tpu' },
  ]);
  t.match(specs[2]?.config, { framework: 'coral_edgetpu', processor: 'tpu', minConfidence: 0.3 });
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
    m: { 'A.ONNX': 'x', 'b.v2.Onnx': 'x', 'c.WEIGHTS': 'x', 'd.TfLite': 'x', '.onnx': 'x', 'e.onnx.bak': 'x' },
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
    { name: 'yolo11n', requestedName: 'ultralytics', weightsPath: /ultralytics\/yolo11n\.onnx$/ },
    { name: 'hidden', requestedName: 'deep/deeper' },
  ]);
  t.strictSame(warnings, []);
});

t.test('rule 1 comes before rule 2', async (t) => {
  const base = t.testdir({ a: { 'both.onnx': 'x' }, both: { 'other.onnx': 'x' } });
  t.strictSame((await find(base, ['both'])).names, ['other']);
});

t.test('rule 1 passes over a directory without weights', async (t) => {
  const base = t.testdir({ both: { 'readme.txt': 'x' }, z: { 'both.onnx': 'x' } });
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

t.test('rule 3: a name that nothing answers to gives a model without weights, and a warning', async (t) => {
  const { specs, warnings } = await find(tree(t), ['nonsense'], { processor: 'gpu' });
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
  const base = t.testdir({ ultralytics: { 'yolo11n.onnx': 'x', 'yolo11s.onnx': 'x', 'yolo26n.onnx': 'x' } });
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
  t.strictSame(await find(tree(t), []), { specs: [], names: [], files: [], weights: [], warnings: [] });
});

t.test('published name=model: the left name is published, the right one is found', async (t) => {
  const base = tree(t);
  const { specs, warnings } = await find(base, [
    'Yard YOLO = yolo11n',
    'Coral=coral',
    `P=${join(base, 'loose.onnx')}`,
    '=yolo26s',
  ]);
  t.match(specs, [
    { name: 'Yard YOLO', requestedName: 'Yard YOLO = yolo11n', weightsPath: /yolo11n\.onnx$/ },
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

t.test('what the server says about the GPU goes into every model', async (t) => {
  const usual = (await find(tree(t), ['yolo11n'])).specs[0]?.config;
  t.match(usual, { allowCpuFallback: true, gpuRetrySeconds: 60 });
  const strict = (await find(tree(t), ['yolo11n'], { allowCpuFallback: false, gpuRetrySeconds: 0 })).specs[0]?.config;
  t.match(strict, { allowCpuFallback: false, gpuRetrySeconds: 0 });
});

t.test('a base path that is not there is a warning and no models', async (t) => {
  const base = join(t.testdir(), 'none');
  t.match(await find(base, ['all']), { specs: [], warnings: ['the model directory /base does not exist'] });
  t.match(await find(base, ['yolo11n']), {
    specs: [{ name: 'yolo11n', weightsPath: null }],
    warnings: ['no model named yolo11n: the model directory /base does not exist'],
  });
});

t.test('a base path without models is a warning', async (t) => {
  t.match(await find(t.testdir({ a: {} }), ['all']), {
    specs: [],
    warnings: ['there are no models in the directories of /base'],
  });
  t.match((await find(t.testdir({ a: {} }), ['x'])).warnings, ['no model named x: there are no models in /base']);
});

t.test('a detector_config is used alone, in its order, without the disabled entries', async (t) => {
  const base = tree(t);
  const entry = defaultModelConfig();
  const { defaultDetectorConfig } = await import('../../src/detection/config.js');
  const detectorConfig = {
    ...defaultDetectorConfig(),
    models: [
      {
        ...entry,
        name: 'Yard',
        weights: join(base, 'yolov4', 'yolov4.weights'),
        type: 'face' as const,
        gpuRetrySeconds: 5,
      },
      { ...entry, name: 'off', enabled: false },
      { ...entry, framework: 'face_dlib', processor: 'gpu' as const },
      { ...entry, name: 'own', weights: join(base, 'yolov4', 'yolov4.weights'), config: '/c.cfg', labels: '/l.names' },
    ],
  };
  const { specs, warnings } = await find(base, ['yolo11n'], {
    detectorConfig,
    processor: 'tpu',
    allowCpuFallback: false,
  });
  t.match(specs, [
    {
      name: 'Yard',
      requestedName: 'Yard',
      type: 'face',
      processor: 'cpu',
      configPath: /yolov4\/yolov4\.cfg$/,
      labelsPath: /coco\.names$/,
      labelsConfigured: false,
      lazy: false,
      config: { gpuRetrySeconds: 5, allowCpuFallback: false },
    },
    { name: 'face_dlib', config: { name: '' }, processor: 'gpu', weightsPath: null },
    { name: 'own', configPath: '/c.cfg', labelsPath: '/l.names', labelsConfigured: true },
  ]);
  t.equal(specs.length, 3);
  t.strictSame(warnings, []);
  t.strictSame((await find(base, ['yolo11n'], { detectorConfig: defaultDetectorConfig() })).specs, []);
});

t.test('a relative base path is taken from the working directory', async (t) => {
  const base = tree(t);
  const { specs } = await find(relative(process.cwd(), base), ['yolo11n']);
  t.equal(specs[0]?.weightsPath, join(base, 'ultralytics', 'yolo11n.onnx'));
  t.equal(basename(specs[0]?.weightsPath ?? ''), 'yolo11n.onnx');
});
