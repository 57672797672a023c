import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { defaultRuntimeChoices } from '../../src/detection/runtime.js';
import { findModels } from '../../src/models/discovery.js';

async function find(base: string, models: string[]) {
  const options = {
    basePath: base,
    processor: 'cpu',
    processorGiven: false,
    ...defaultRuntimeChoices(),
    detectorConfig: null,
    allowCpuFallback: true,
    gpuRetrySeconds: null,
  } as const;
  const { specs, warnings } = await findModels({ ...options, models });
  return {
    names: specs.map(({ name }) => name),
    warnings: warnings.map((warning) => warning.replaceAll(base, '/base')),
  };
}

t.test('symbolic links to files and directories are followed', async (t) => {
  const base = t.testdir({ real: { 'a.onnx': 'x' } });
  symlinkSync(join(base, 'real'), join(base, 'linked'));
  symlinkSync(join(base, 'real', 'a.onnx'), join(base, 'real', 'b.onnx'));
  t.strictSame((await find(base, ['all'])).names, ['a', 'b', 'a', 'b']);
  t.strictSame((await find(base, ['linked'])).names, ['a']);
});

t.test('a link to nowhere, or to itself, is a warning', async (t) => {
  const base = t.testdir({ m: { 'a.onnx': 'x' } });
  symlinkSync(join(base, 'gone'), join(base, 'm', 'b.onnx'));
  symlinkSync('c.onnx', join(base, 'm', 'c.onnx'));
  symlinkSync(join(base, 'gone'), join(base, 'n'));
  t.strictSame(await find(base, ['all']), {
    names: ['a'],
    warnings: [
      'cannot read /base/m/b.onnx: a symbolic link to nowhere',
      'cannot read /base/m/c.onnx: a symbolic link to itself',
      'cannot read /base/n: a symbolic link to nowhere',
    ],
  });
});

t.test('a directory with the name of a weight file is no model', async (t) => {
  const base = t.testdir({
    m: { 'a.onnx': { 'b.onnx': 'x' }, 'c.onnx': 'x' },
    'd.onnx': { 'e.onnx': 'x' },
  });
  t.strictSame(await find(base, ['all']), { names: ['e', 'c'], warnings: [] });
});

t.test('a base path that is a file has no models', async (t) => {
  const base = join(t.testdir({ file: 'x' }), 'file');
  t.strictSame(await find(base, ['all']), {
    names: [],
    warnings: ['the model directory /base is not there or cannot be read'],
  });
});

t.test(
  'a directory that may not be read is a warning',
  { skip: process.getuid?.() === 0 && 'root reads all' },
  async (t) => {
    const base = t.testdir({
      closed: { 'a.onnx': 'x' },
      open: { 'b.onnx': 'x' },
    });
    chmodSync(join(base, 'closed'), 0);
    t.teardown(() => chmodSync(join(base, 'closed'), 0o755));
    t.strictSame(await find(base, ['all']), {
      names: ['b'],
      warnings: ['cannot read /base/closed: permission denied'],
    });
  },
);

t.test('names that no file can have are not found, and nothing crashes', async (t) => {
  const base = t.testdir({ m: { 'a.onnx': 'x' } });
  const { names } = await find(base, ['a\0b', 'x'.repeat(5000), '/', '', ' ', '=', 'm/a.onnx']);
  t.strictSame(names.slice(0, 2), ['a\0b', 'x'.repeat(5000)]);
  t.equal(names.length, 7);
});

t.test('file names in other scripts and with blanks are found', async (t) => {
  const base = t.testdir();
  mkdirSync(join(base, 'камеры'));
  writeFileSync(join(base, 'камеры', 'моя модель.onnx'), 'x');
  t.strictSame((await find(base, ['моя модель'])).names, ['моя модель']);
  t.strictSame((await find(base, ['камеры'])).names, ['моя модель']);
});
