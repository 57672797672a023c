/** A model that runs elsewhere than asked, or cannot run before it is exported, says so. */
import { copyFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';

import { exactInt8Products } from '../../src/engine/engine.js';
import { embeddedModel, startDaemon } from '../support/daemon.js';

t.test('an ONNX model that was asked to run on a TPU', async (t) => {
  const daemon = await startDaemon(t, { processor: 'tpu' });
  t.match((await daemon.get('/models')).json, {
    models: [
      {
        state: 'degraded',
        processor: 'cpu',
        requested_processor: 'tpu',
        error: /only TensorFlow Lite models run on a TPU: .*default\.onnx runs on the CPU/,
      },
    ],
  });
  t.match(daemon.logged({ level: 40 }).length + daemon.logged({ level: 'warn' }).length, 1, 'one warning');
  t.match((await daemon.get('/health')).json, { status: 'ok', degraded: ['default'] });
});

t.test('8-bit products', async (t) => {
  const rowOf = async (settings: object) => {
    const daemon = await startDaemon(t, settings as Readonly<Record<string, unknown>>);
    return ((await daemon.get('/models')).json as { models: { int8: string }[] }).models[0]?.int8;
  };
  t.equal(await rowOf({}), 'exact', 'on every processor by default');
  t.equal(await rowOf({ int8_precision: 'exact' }), 'exact');
  t.equal(await rowOf({ int8_precision: 'fast' }), exactInt8Products() ? 'exact' : 'fast');
});

for (const [name, says] of [
  ['yard.pt', /yard\.pt is a PyTorch checkpoint: export it to ONNX with `yolo export format=onnx model=.*yard\.pt`/],
  ['yard.pth', /a PyTorch checkpoint/],
  ['yard.safetensors', /without a network: export it to ONNX with `optimum-cli export onnx/],
  ['yard.h5', /a Keras model: export it to ONNX with `python -m tf2onnx/],
  ['yard.engine', /a TensorRT engine, .* with `yolo export format=onnx model=CHECKPOINT\.pt`/],
] as const) {
  t.test(`${name} is refused with the command that exports it`, async (t) => {
    const file = path.join(t.testdir(), name);
    copyFileSync(embeddedModel, file);
    const daemon = await startDaemon(t, { models: [file] });
    t.match((await daemon.get('/models')).json, { models: [{ state: 'failed', error: says }] });
  });
}
