/** Models that come and go, in a real daemon. */
import { setTimeout as wait } from 'node:timers/promises';
import t, { type Test } from 'tap';

import { bytesOf, embeddedModel, type Settings, startDaemon, type TestDaemon, until } from '../support/daemon.js';
import { metricOf } from '../support/metrics.js';
import { holds, picture, resultOf } from '../support/shapes.js';

const shapes = picture('shapes-10');
const names = ['yard', 'gate', 'porch'];

/** A daemon with three copies of the embedded model, loaded on first use. */
async function setUp(t: Test, settings: Settings = {}) {
  const model = Buffer.from(bytesOf(embeddedModel));
  const base = t.testdir(Object.fromEntries(names.map((name) => [name, { [`${name}.onnx`]: model }])));
  const daemon = await startDaemon(t, { base_path: base, models: ['all'], ...settings });
  const ask = async (name: string, headers: Record<string, string> = {}) => {
    const body = new FormData();
    body.append('type', 'object');
    body.append('name', name);
    body.append('image', new Blob([shapes.bytes]), 'a.jpg');
    const { status, json } = await daemon.request('POST', '/infer', { body, headers });
    t.equal(status, 200, name);
    t.equal((json as { error: string | null }).error, null);
    t.equal((json as { detections: unknown[] }).detections.length, shapes.objects.length, name);
  };
  return { daemon, ask };
}

const loadedOf = async (daemon: TestDaemon) =>
  ((await daemon.get('/models')).json as { models: { name: string; loaded: boolean; state: string }[] }).models
    .filter(({ loaded }) => loaded)
    .map(({ name }) => name)
    .sort();

t.test('at most so many models are in memory; the one used least recently goes', async (t) => {
  const { daemon, ask } = await setUp(t, { max_loaded_models: 2 });
  await ask('yard');
  await ask('gate');
  await ask('yard');
  await ask('porch');
  t.strictSame(await loadedOf(daemon), ['porch', 'yard']);
  t.match(daemon.logged({ msg: 'model unloaded' }), [{ model: 'gate', reason: 'room' }]);
  const { text } = await daemon.get('/metrics');
  t.equal(metricOf(text, 'zmdetect_model_state{model="gate",state="registered"}'), 1);
  t.equal(metricOf(text, 'zmdetect_model_unloads_total{model="gate",reason="room"}'), 1);
  t.equal(metricOf(text, 'zmdetect_model_loads_total{model="yard"}'), 1);
  t.equal(metricOf(text, 'zmdetect_model_memory_bytes{model="gate"}'), 0);
  t.ok(metricOf(text, 'zmdetect_model_memory_bytes{model="yard"}') >= bytesOf(embeddedModel).length);
  await ask('gate');
});

t.test('a model in use is never unloaded: whoever asks, whatever the limit, gets an answer', async (t) => {
  const { daemon, ask } = await setUp(t, { max_loaded_models: 1 });
  await Promise.all(Array.from({ length: 24 }, (_, i) => ask(names[i % names.length] ?? '')));
  t.equal((await loadedOf(daemon)).length, 1);
  const { status, json } = await daemon.upload({ file: shapes.bytes });
  t.equal(status, 200, 'also where one request wants them all');
  holds(t, resultOf(json), shapes.objects, 'after the last of them');
});

t.test('memory is limited too', async (t) => {
  const { daemon, ask } = await setUp(t, { max_model_memory: 1024 });
  for (const name of names) await ask(name);
  t.strictSame(await loadedOf(daemon), ['porch'], 'one is always let in');
  t.equal(daemon.logged({ msg: 'the models in memory take more than they may' }).length, 3);
});

t.test('pinned models are loaded before the port opens and stay', async (t) => {
  const settings = { max_loaded_models: 2, pinned_models: ['gate'], keep_alive: 0 };
  const { daemon, ask } = await setUp(t, settings);
  t.strictSame(await loadedOf(daemon), ['gate']);
  await ask('yard');
  await ask('porch');
  await until(() => daemon.logged({ msg: 'model unloaded' }).length === 2);
  await wait(50);
  t.strictSame(await loadedOf(daemon), ['gate']);
});

t.test('a name to pin that is no model ends the start', async (t) => {
  await t.rejects(setUp(t, { pinned_models: ['yart'] }), {
    code: 'CONFIG_INVALID',
    message: 'expected names of models for pinned_models, got "yart"; did you mean "yard"?',
  });
});

t.test('without use a model is unloaded after the configured time, and loaded again when it is wanted', async (t) => {
  const { daemon, ask } = await setUp(t, { keep_alive: 0.5 });
  await ask('yard');
  t.strictSame(await loadedOf(daemon), ['yard']);
  await wait(300);
  await ask('yard');
  await wait(300);
  t.strictSame(await loadedOf(daemon), ['yard'], 'each use begins the time anew');
  await until(() => daemon.logged({ msg: 'model unloaded', model: 'yard', reason: 'idle' }).length === 1);
  t.strictSame(await loadedOf(daemon), []);
  await ask('yard');
  t.equal(daemon.logged({ msg: 'model loaded', model: 'yard' }).length, 2);
});

t.test('what is to be loaded at the start waits for its first use where there is no room', async (t) => {
  const { daemon, ask } = await setUp(t, { models: names, max_loaded_models: 2 });
  t.strictSame(await loadedOf(daemon), ['gate', 'yard']);
  t.equal(daemon.logged({ model: 'porch', msg: 'no room to load the model now: it is loaded on first use' }).length, 1);
  await ask('porch');
  t.strictSame(await loadedOf(daemon), ['gate', 'porch']);
});
