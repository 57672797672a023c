import t, { type Test } from 'tap';

import { startDaemon } from '../support/daemon.js';
import { holds, picture, resultOf } from '../support/shapes.js';

const shapes = picture('shapes-10');

/** On a host with a working CUDA provider there is nothing to fall back from. */
async function withoutGpu(t: Test) {
  const daemon = await startDaemon(t, { processor: 'gpu' });
  const [model] = ((await daemon.get('/models')).json as { models: { processor: string }[] }).models;
  if (model?.processor !== 'gpu') return daemon;
  t.pass('this host has a GPU');
  return undefined;
}

t.test('a GPU that is not there is told loudly, shown, and replaced by the CPU', async (t) => {
  const daemon = await withoutGpu(t);
  if (!daemon) return;
  t.match(daemon.logged({ msg: 'model was asked to run on the GPU and runs on the CPU' }), [
    { model: 'default', reason: /CUDA/, gpu_retry_seconds: 60 },
  ]);
  t.match((await daemon.get('/models')).json, {
    models: [
      { state: 'degraded', loaded: true, processor: 'cpu', requested_processor: 'gpu', device: 'CPU', error: /CUDA/ },
    ],
  });
  t.strictSame((await daemon.get('/health')).json, { status: 'ok', models_loaded: true, degraded: ['default'] });
  const { status, json } = await daemon.upload({ file: shapes.bytes });
  t.equal(status, 200);
  holds(t, resultOf(json), shapes.objects, 'on the CPU');
});

t.test('where falling back is forbidden the daemon does not start', async (t) => {
  if (!(await withoutGpu(t))) return;
  await t.rejects(startDaemon(t, { processor: 'gpu', allow_cpu_fallback: false }), { code: 'DEVICE_UNAVAILABLE' });
});

t.test('the GPU is tried again after the time that is set', async (t) => {
  if (!(await withoutGpu(t))) return;
  const daemon = await startDaemon(t, { processor: 'gpu', gpu_retry_seconds: 1 });
  const again = { msg: 'the GPU is still not there' };
  for (let waited = 0; waited < 20 && daemon.logged(again).length === 0; waited += 1) {
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  t.match(daemon.logged(again), [{ model: 'default', reason: /CUDA/ }]);
});
