import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';

import { embeddedModel, startDaemon, type TestDaemon } from '../support/daemon.js';
import { holds, picture, resultOf } from '../support/shapes.js';
import { shared } from '../support/shared.js';

const shapes = picture('shapes-10');
const model = readFileSync(embeddedModel);
const labels = readFileSync('models/default.names', 'utf8');

/** The embedded model with its `names` under another key: as good as none. */
function withoutNames(): Buffer {
  const bytes = Buffer.from(model);
  const entry = bytes.indexOf(Buffer.from('\n\x05names'));
  bytes.write('other', entry + 2);
  return bytes;
}

/** A base path with these files. */
function basePath(t: Test, files: Readonly<Record<string, string | Uint8Array>>): string {
  const folder = t.testdir();
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
  return folder;
}

const detect = (daemon: TestDaemon) => daemon.upload({ file: shapes.bytes });
const modelsOf = async (daemon: TestDaemon) =>
  ((await daemon.get('/models')).json as { models: { name: string; loaded: boolean }[] }).models.map(
    ({ name, loaded }) => [name, loaded],
  );

t.test('models are loaded before the port opens', async (t) => {
  const daemon = await startDaemon(t);
  const messages = daemon.log.map((line) => (JSON.parse(line) as { msg: string }).msg);
  t.strictSame(messages, ['model loaded', 'listening']);
  t.match(daemon.logged({ msg: 'model loaded' }), [
    { model: 'default', layout: String, labels: 5, input: /^\d+x\d+$/ },
  ]);
});

t.test('models have the names of their files, in the order asked', async (t) => {
  const base = basePath(t, { 'a/yard.onnx': model, 'b/gate.onnx': model, 'b/spare.onnx': model });
  const daemon = await startDaemon(t, { base_path: base, models: ['spare', 'yard', 'b'] });
  t.strictSame(await modelsOf(daemon), [
    ['spare', true],
    ['yard', true],
    ['gate', true],
  ]);
});

t.test('a name that is nowhere is warned of, and without any model there is no silent "nothing seen"', async (t) => {
  const base = basePath(t, {});
  const daemon = await startDaemon(t, { base_path: base, models: ['yolo99'] });
  t.match(daemon.logText, /yolo99/);
  t.equal(daemon.logged({ msg: 'none of the configured models could be loaded' }).length, 1);
  t.strictSame(await modelsOf(daemon), [['yolo99', false]]);
  const { status, json, headers } = await detect(daemon);
  t.equal(status, 503, 'a status makes clients fall back to their own models');
  t.equal(headers.get('x-error-code'), 'INFERENCE_FAILED');
  t.match(json, { detail: /none of the configured models could be loaded/ });
  t.equal((await daemon.get('/health')).status, 200);
});

t.test('a name that is nowhere does not keep the others from serving', async (t) => {
  const base = basePath(t, { 'a/yard.onnx': model });
  const daemon = await startDaemon(t, { base_path: base, models: ['yolo99', 'yard'] });
  t.strictSame(await modelsOf(daemon), [
    ['yolo99', false],
    ['yard', true],
  ]);
  const { status, json } = await detect(daemon);
  t.equal(status, 200);
  holds(t, resultOf(json), shapes.objects, 'yard');
});

t.test('a broken model file is listed as failed with its reason, and not run', async (t) => {
  const base = basePath(t, {
    'empty/empty.onnx': '',
    'cut/cut.onnx': model.subarray(0, 5000),
    'page/page.onnx': '<html>404 Not Found</html>',
    'good/good.onnx': model,
  });
  const daemon = await startDaemon(t, { base_path: base, models: ['empty', 'cut', 'page', 'good'] });
  const { models } = (await daemon.get('/models')).json as { models: object[] };
  t.match(models, [
    { name: 'empty', loaded: false, state: 'failed', error: /is empty/ },
    { name: 'cut', loaded: false, state: 'failed', error: /cut\.onnx/ },
    { name: 'page', loaded: false, state: 'failed', error: /page\.onnx/ },
    { name: 'good', loaded: true, state: 'ready', error: null },
  ]);
  for (const name of ['empty', 'cut', 'page']) {
    t.match(daemon.logged({ msg: 'model failed to load', model: name }), [{ reason: /\w/ }], name);
  }
  t.equal((await detect(daemon)).status, 200);
});

const brokenFiles = ['empty.onnx', 'text.onnx', 'truncated.onnx', 'truncated.tflite', 'truncated.weights'];
const broken = shared('models_broken');
t.test('real models that were cut are not run', { skip: broken.skip }, async (t) => {
  const models = brokenFiles.map((file) => path.join(path.resolve(broken.path), file));
  const daemon = await startDaemon(t, { models: [...models, embeddedModel] });
  t.strictSame(
    (await modelsOf(daemon)).map(([, loaded]) => loaded),
    [...brokenFiles.map(() => false), true],
  );
  t.equal(daemon.logged({ msg: 'model failed to load' }).length, brokenFiles.length);
  t.equal((await detect(daemon)).status, 200);
});

t.test('labels may lie beside a model that has no names inside', async (t) => {
  const base = basePath(t, { 'a/yard.onnx': withoutNames(), 'a/yard.names': labels });
  const daemon = await startDaemon(t, { base_path: base, models: ['yard'] });
  const { status, json } = await detect(daemon);
  t.equal(status, 200);
  holds(t, resultOf(json), shapes.objects, 'labels of the file');
});

t.test('without labels a model is refused, and told what is missing', async (t) => {
  const base = basePath(t, { 'a/yard.onnx': withoutNames() });
  const daemon = await startDaemon(t, { base_path: base, models: ['yard'] });
  t.match(daemon.logged({ msg: 'model failed to load' }), [
    { model: 'yard', reason: /no names inside and no label file/ },
  ]);
  t.equal((await detect(daemon)).status, 503);
});

t.test('all models are found, and loaded at the first picture', async (t) => {
  const base = basePath(t, { 'a/yard.onnx': model, 'b/gate.onnx': model, 'loose.onnx': model });
  const daemon = await startDaemon(t, { base_path: base, models: ['all'] });
  t.strictSame(await modelsOf(daemon), [
    ['yard', false],
    ['gate', false],
  ]);
  const answers = await Promise.all([detect(daemon), detect(daemon), detect(daemon)]);
  for (const { status, json } of answers) {
    t.equal(status, 200);
    holds(t, resultOf(json), shapes.objects, 'one of two models');
  }
  t.strictSame(await modelsOf(daemon), [
    ['yard', true],
    ['gate', true],
  ]);
  t.equal(daemon.logged({ msg: 'model loaded' }).length, 2, 'once each, however many ask at the same time');
});

t.test('of models loaded late a broken one stays listed, and does not stop the others', async (t) => {
  const base = basePath(t, { 'a/yard.onnx': 'broken', 'b/gate.onnx': model });
  const daemon = await startDaemon(t, { base_path: base, models: ['all'] });
  t.equal((await detect(daemon)).status, 200);
  t.equal((await detect(daemon)).status, 200);
  t.strictSame(await modelsOf(daemon), [
    ['yard', false],
    ['gate', true],
  ]);
  t.equal(daemon.logged({ msg: 'model failed to load' }).length, 1, 'it is not tried again at once');
});

t.test('when every late model is broken the answer is 503', async (t) => {
  const base = basePath(t, { 'a/yard.onnx': 'broken' });
  const daemon = await startDaemon(t, { base_path: base, models: ['all'] });
  t.equal((await detect(daemon)).status, 503);
});

t.test('a port that cannot be had, or a secret that is none, is told and leaves nothing running', async (t) => {
  const { port } = await startDaemon(t, { models: [] });
  await t.rejects(startDaemon(t, { port }), { code: 'CONFIG_INVALID', message: /the port is in use/ });
  await t.rejects(startDaemon(t, { auth_enabled: true, token_secret: '' }), {
    code: 'CONFIG_INVALID',
    message: /token_secret is empty/,
  });
  t.equal(
    (await startDaemon(t, { token_secret: '' })).logged({ msg: 'listening' }).length,
    1,
    'with tokens off it serves',
  );
});
