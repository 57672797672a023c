/** A model that runs elsewhere than askedsays so. */
import t from 'tap';

import { exactInt8Products } from '../../src/engine/engine.js';
import { startDaemon } from '../support/daemon.js';

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
