/** What networks of every kind of input are fed, by networks that answer with it (test/fixtures/make_fed_models.py). */
import { cpSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';

import { Engine, Ticket } from '../../src/engine/engine.js';
import type { PrepareOptions } from '../../src/engine/native.js';
import { startDaemon } from '../support/daemon.js';
import { metricOf } from '../support/metrics.js';

/** A square of one colour, as large as the input. */
function square(value: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from([...Buffer.from('P6 32 32 255\n'), ...new Array<number>(32 * 32 * 3).fill(value)]);
}

interface Fed {
  /** Mean of what the network was given, as a part of its range. */
  readonly mean: number;
  readonly picture: string;
}

async function feed(
  engine: Engine,
  name: string,
  bytes: Uint8Array,
  options: Partial<PrepareOptions> = {},
): Promise<Fed> {
  const model = await engine.open({ path: `test/fixtures/fed/${name}.onnx` });
  try {
    const prepared = await model.prepare({ classes: 1, ...options });
    const image = await engine.decode(bytes, new Ticket());
    const { boxes, classes } = await model.detect(image, 0.3, new Ticket());
    image.release();
    if (classes.length !== 1) throw new Error(`${name} answered ${classes.length} boxes`);
    return { mean: ((boxes[0] ?? 0) + (boxes[2] ?? 0)) / 2 / 16 - 10 / 16, picture: prepared.picture };
  } finally {
    await model.close();
  }
}

t.test('every kind of number and order gets the picture in the range that it wants', async (t) => {
  const engine = new Engine();
  t.teardown(() => engine.close());
  for (const [name, picture] of [
    ['planes', 'float32 planes, RGB, 0..1, letterbox'],
    ['double', 'float64 planes, RGB, 0..1, letterbox'],
    ['half', 'float16 planes, RGB, 0..1, letterbox'],
    ['bfloat16', 'bfloat16 planes, RGB, 0..1, letterbox'],
    ['grey', 'float32 planes, grey, 0..1, letterbox'],
    ['interleaved', 'float32 interleaved, RGB, 0..1, letterbox'],
    ['interleaved-open', 'float32 interleaved, RGB, 0..1, letterbox'],
    ['open-rank', 'float32 planes, RGB, 0..1, letterbox'],
    ['open-sides', 'float32 planes, RGB, 0..1, letterbox'],
  ] as const) {
    const white = await feed(engine, name, square(255));
    t.equal(white.picture, picture, name);
    t.ok(Math.abs(white.mean - 1) < 0.06, `${name} got ${white.mean} for white`);
    t.ok(Math.abs((await feed(engine, name, square(0))).mean) < 0.06, `${name} for black`);
  }
});

t.test('integers get bytes', async (t) => {
  const engine = new Engine();
  t.teardown(() => engine.close());
  // The mean of what it was given, as a part of 255; a box has whole pixels.
  for (const [name, value, part] of [
    ['bytes', 255, 1],
    ['bytes', 0, 0],
    ['signed-bytes', 255, 127 / 255],
    ['signed-bytes', 128, 0],
  ] as const) {
    const { mean } = await feed(engine, name, square(value));
    t.ok(Math.abs(mean - part) < 0.06, `${name} got ${mean} for ${value}`);
  }
  t.equal((await feed(engine, 'bytes', square(1))).picture, 'uint8 planes, RGB, 0..255, letterbox');
  t.equal((await feed(engine, 'signed-bytes', square(129))).picture, 'int8 planes, RGB, -128..127, letterbox');
});

t.test('settings decide', async (t) => {
  const engine = new Engine();
  t.teardown(() => engine.close());
  const bytes = await feed(engine, 'planes-of-bytes', square(255), { scale: '0..255' });
  t.ok(Math.abs(bytes.mean - 1) < 0.06, `${bytes.mean} for white`);
  t.ok(Math.abs((await feed(engine, 'planes', square(128), { scale: '-1..1' })).mean) < 0.06);
  const { picture } = await feed(engine, 'planes', square(128), { colour: 'bgr', fit: 'stretch' });
  t.equal(picture, 'float32 planes, BGR, 0..1, stretch');
  await t.rejects(feed(engine, 'bytes', square(1), { scale: '0..1' }), {
    code: 'MODEL_LAYOUT_UNKNOWN',
    message: /takes bytes: remove scale from the model's settings, or set it to 0\.\.255/,
  });
});

t.test('inputs that cannot be fed are refused with a sentence', async (t) => {
  const engine = new Engine();
  t.teardown(() => engine.close());
  for (const [name, words] of [
    ['five-channels', /has 5 channels: expected 3 \(colour\) or 1 \(grey\)/],
    ['volume', /has 5 dimensions: expected \[batch,3,height,width\]/],
  ] as const) {
    await t.rejects(feed(engine, name, square(1)), { code: 'MODEL_LAYOUT_UNKNOWN', message: words }, name);
  }
});

t.test('a model that gives impossible boxes later is degraded, with the reason', async (t) => {
  const base = t.testdir({});
  mkdirSync(path.join(base, 'wild'));
  cpSync('test/fixtures/fed/wild.onnx', path.join(base, 'wild/wild.onnx'));
  const daemon = await startDaemon(t, { base_path: base, models: ['wild'] });
  const row = async () => ((await daemon.get('/models')).json as { models: Record<string, unknown>[] }).models[0];
  t.match(await row(), { state: 'ready', error: null, left_out: { impossible: 0, capped: 0 } });
  t.equal((await daemon.get('/health')).text, '{"status":"ok","models_loaded":true}');
  t.match((await daemon.upload({ file: square(100) })).json, { labels: ['thing'] });
  t.match((await daemon.upload({ file: square(255) })).json, { labels: [] }, 'the box is in no answer');
  t.match(await row(), {
    state: 'degraded',
    error: /^1 boxes on 2 pictures since it was loaded are impossible/,
    left_out: { impossible: 1, capped: 0 },
  });
  t.equal((await daemon.get('/health')).text, '{"status":"ok","models_loaded":true,"degraded":["wild"]}');
  t.equal(
    metricOf((await daemon.get('/metrics')).text, 'zmdetect_model_left_out_total{model="wild",reason="impossible"}'),
    1,
  );
  t.match((await daemon.upload({ file: square(100) })).json, { labels: ['thing'] }, 'it goes on');
});
