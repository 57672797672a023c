/** Files that people give as weights and that are no models: each has its sentence, before a runtime's obscure one. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { checkWeightFile } from '../../src/models/weight-file.js';
import { find } from './find.js';

const lfs = 'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n';
const tar = Buffer.concat([Buffer.alloc(257), Buffer.from('ustar\0')]);

t.test('a file that is something else is named by its first bytes', async (t) => {
  const directory = t.testdir({});
  for (const [name, content, words] of [
    ['empty.onnx', '', /is empty: the download failed, fetch it again$/],
    ['a.onnx', lfs, /is a Git LFS pointer and not the model: run "git lfs pull"/],
    ['a.tflite', lfs, /is a Git LFS pointer/],
    ['a.weights', lfs, /is a Git LFS pointer/],
    ['b.onnx', '<!DOCTYPE html><html>404</html>', /is a web page and not the model: download the raw file/],
    ['c.onnx', '\ufeff \n<HTML lang="en">', /is a web page/],
    ['d.onnx', '<?xml version="1.0"?><net/>', /is XML and no model/],
    ['e.onnx', '{"message":"Not Found"}', /is JSON text and no model: the download was answered with a message/],
    ['f.onnx', 'PK\x03\x04rest', /is a zip archive .*: unpack it, or export/],
    ['g.onnx', Buffer.from('1f8b0800', 'hex'), /is compressed with gzip: unpack it/],
    ['h.onnx', 'BZh9', /is compressed with bzip2/],
    ['i.onnx', Buffer.from('fd377a585a00', 'hex'), /is compressed with xz/],
    ['j.onnx', tar, /is a tar archive/],
    ['k.onnx', Buffer.from('894844460d0a1a0a', 'hex'), /is an HDF5 file/],
    ['l.onnx', 'abcdTFL3efgh', /is a TensorFlow Lite model: give it the extension \.tflite/],
    [
      'm.pt',
      'PK\x03\x04',
      /is a PyTorch checkpoint, which is not run here: export it .*yolo export model=m\.pt format=onnx/,
    ],
    ['m.PTH', 'x', /is a PyTorch checkpoint/],
    ['m.safetensors', 'x', /is a file of bare weights/],
    ['m.engine', 'x', /is a TensorRT engine, which is not run here: use the ONNX file/],
    ['m.trt', 'x', /is a TensorRT engine/],
    ['m.mlmodel', 'x', /is a Core ML model/],
    ['m.xml', 'x', /is an OpenVINO model/],
    ['m.pb', 'x', /is a TensorFlow model, .*tf2onnx\.convert --graphdef m\.pb/],
    ['m.bin', 'x', /is no weight file by its name: expected \.onnx, \.tflite or \.weights, got \.bin/],
    ['model', 'x', /got no extension/],
  ] as const) {
    const path = join(directory, name);
    writeFileSync(path, content);
    await t.rejects(checkWeightFile(path), { code: 'MODEL_UNREADABLE', message: words }, name);
    await t.rejects(checkWeightFile(path), { message: new RegExp(`^${path} `) }, 'with its path');
  }
  mkdirSync(join(directory, 'folder.onnx'));
  await t.rejects(checkWeightFile(join(directory, 'folder.onnx')), { message: /is a directory: name the weight file/ });
  await t.rejects(checkWeightFile('/dev/zero'), { message: /is a device or a socket/ });
});

t.test('a download that was cut off is told by its lengths', async (t) => {
  const whole = readFileSync('models/default.onnx');
  const directory = t.testdir({});
  const path = join(directory, 'a.onnx');
  for (const bytes of [whole.length - 1, Math.floor(whole.length / 2), 1000]) {
    writeFileSync(path, whole.subarray(0, bytes));
    await t.rejects(checkWeightFile(path), {
      code: 'MODEL_UNREADABLE',
      message: new RegExp(`is cut off: it has ${bytes} bytes and needs at least \\d+; fetch it again`),
    });
  }
  for (const content of [
    whole,
    Buffer.alloc(5000, 0x08),
    Buffer.alloc(5000, 0xff),
    Buffer.from('before all, a text'),
  ]) {
    writeFileSync(path, content);
    await t.resolves(checkWeightFile(path), 'whole, or no protobuf at all: the runtime decides');
  }
});

t.test('what may be a model is left to the runtime, and so is a file that is not there', async (t) => {
  const directory = t.testdir({
    'a.onnx': '\x08\x07\x12\x07pytorch',
    'a.tflite': '\x1c\0\0\0TFL3',
    'a.weights': '\0\0\0\0',
  });
  for (const name of ['a.onnx', 'a.tflite', 'a.weights', 'gone.onnx']) {
    await t.resolves(checkWeightFile(join(directory, name)), name);
  }
});

t.test('a model of another program in the folder is named once, unless a copy that runs lies beside it', async (t) => {
  const base = t.testdir({
    a: { 'yolo11n.pt': 'x', 'yolo11n.onnx': 'x', 'yolov8n.pt': 'x' },
    b: { 'x.engine': 'x', 'notes.md': 'x' },
  });
  const sentences = [
    '/base/a/yolov8n.pt is a PyTorch checkpoint, which is not run here: export it to ONNX where it was trained ' +
      '(for Ultralytics: yolo export model=yolov8n.pt format=onnx)',
    '/base/b/x.engine is a TensorRT engine, which is not run here: use the ONNX file that it was built from, with ' +
      'tensorrt: fp16 where TensorRT is to run it',
  ];
  t.strictSame((await find(base, ['all'])).warnings, sentences);
  const named = await find(base, ['yolov8n', 'x']);
  t.strictSame(named.weights, [null, null]);
  t.strictSame(
    named.warnings.filter((warning) => warning.includes('not run here')),
    sentences,
    'once for all names',
  );
});
