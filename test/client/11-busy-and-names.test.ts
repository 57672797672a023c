/** A server that is busy is asked again within the time, and one that knows a model by its file's name is understood. */
import t from 'tap';

import type { DetectorOptions } from '../../src/client/types.js';
import { detectorFor, failure, picture } from '../support/client.js';
import { type Answers, FakeGateway, type Generation, inferred, result } from '../support/gateway.js';

async function gatewayFor(
  t: Parameters<typeof detectorFor>[0],
  generation: Generation,
  answers: Answers,
  options: DetectorOptions = {},
) {
  const gateway = await FakeGateway.start(t, generation, answers);
  return { gateway, ...detectorFor(t, { gateway: gateway.url, gatewayRetryBusy: true, ...options }) };
}

const busy = (status: number, seconds?: string) => ({
  status,
  headers: seconds === undefined ? {} : { 'retry-after': seconds },
  body: { detail: 'the queue is full' },
});

for (const [what, answer] of [
  ['429 with Retry-After', busy(429, '0')],
  ['429 without', busy(429)],
  ['503 with Retry-After', busy(503, '0')],
] as const) {
  t.test(`${what} is asked again until there is an answer`, async (t) => {
    const { detector, gateway } = await gatewayFor(t, 'G2', {
      '/detect': (_, count) => (count < 3 ? answer : { body: result() }),
    });
    t.match(await detector.detect(picture), { detections: [{ label: 'person' }] });
    t.strictSame(gateway.routes(), ['/detect', '/detect', '/detect']);
    const deadlines = gateway.asked.map(({ headers }) => Number(headers['x-deadline-ms']));
    t.ok(Number(deadlines[0]) <= 57_000 && Number(deadlines[0]) > 50_000, 'the deadline goes with the request');
    t.ok(Number(deadlines[1]) < Number(deadlines[0]) && Number(deadlines[2]) < Number(deadlines[1]), String(deadlines));
  });
}

t.test('a server that names more seconds than are left is asked again all the same', async (t) => {
  const { detector, gateway } = await gatewayFor(
    t,
    'G2',
    { '/detect': (_, count) => (count < 3 ? busy(429, '70') : { body: result() }) },
    { gatewayTimeout: 6 },
  );
  t.match(await detector.detect(picture), { detections: [{ label: 'person' }] });
  t.equal(gateway.asked.length, 3);
});

t.test('what was found stands without a frame that the server had no time for', async (t) => {
  const found = result({ image_dimensions: { original: [480, 640], resized: null } });
  const answers = (first: object): Answers => ({
    '/detect': (_, count) => (count === 1 ? { body: first } : busy(503)),
  });
  const frames = ['a', 'b'].map((frameId) => ({ frameId, picture }));
  const some = await gatewayFor(t, 'G2', answers(found));
  t.match(await some.detector.detect(frames), { detections: [{ label: 'person' }] });
  const none = await gatewayFor(t, 'G2', answers(result({ labels: [], boxes: [], confidences: [] })));
  await failure(t, none.detector.detect(frames), 'GATEWAY_BUSY');
});

t.test('a server that stays busy is left when the time is over', async (t) => {
  const { detector, gateway } = await gatewayFor(t, 'G2', { '/detect': () => busy(429, '0') }, { gatewayTimeout: 2.5 });
  await failure(t, detector.detect(picture), 'GATEWAY_BUSY');
  t.ok(gateway.asked.length > 1, String(gateway.asked.length));
});

t.test('503 without Retry-After is a fault, not a queue', async (t) => {
  const { detector, gateway } = await gatewayFor(t, 'G2', { '/detect': () => busy(503) });
  await failure(t, detector.detect(picture), 'GATEWAY_BUSY');
  t.equal(gateway.asked.length, 1);
});

t.test('the wait ends with the signal', async (t) => {
  const stop = new AbortController();
  const { detector } = await gatewayFor(t, 'G2', {
    '/detect': () => {
      setTimeout(() => stop.abort(new Error('stopped')), 50);
      return busy(429, '20');
    },
  });
  await t.rejects(detector.detect(picture, { signal: stop.signal }), { message: 'stopped' });
});

const entry = { name: 'YOLO ONNX', weights: '/models/Yard.onnx' };
const noModel = { body: { detections: [], error: 'no model of type object named YOLO ONNX' } };

t.test('a model that the server publishes under the name of its file is asked for by that name', async (t) => {
  const { detector, gateway } = await gatewayFor(
    t,
    'G4',
    {
      '/infer': ({ body }) => (body.includes('YOLO ONNX') ? noModel : { body: inferred('person') }),
      '/models': () => ({
        body: {
          models: [
            { name: 'other', type: 'object' },
            { name: 'yard', type: 'object' },
          ],
        },
      }),
    },
    { models: [entry] },
  );
  t.match(await detector.detect(picture), { detections: [{ label: 'person', modelName: 'yard' }] });
  t.strictSame(gateway.routes(), ['/infer', '/models', '/infer']);
  await detector.detect(picture);
  t.strictSame(gateway.routes().slice(3), ['/infer'], 'the name is kept');
});

for (const [what, models] of [
  ['no file of that name', [{ name: 'other', type: 'object' }]],
  ['the file under another type', [{ name: 'yard', type: 'face' }]],
  ['an answer that is no list', 'text'],
] as const) {
  t.test(`${what}: no other model is asked in its place`, async (t) => {
    const { detector, gateway } = await gatewayFor(
      t,
      'G4',
      { '/infer': () => noModel, '/models': () => ({ body: { models } }) },
      { models: [entry] },
    );
    await failure(t, detector.detect(picture), 'GATEWAY_MODEL_UNKNOWN');
    t.strictSame(gateway.routes(), ['/infer', '/models']);
  });
}

t.test('a server that chooses its models gives the entry of that file its filters', async (t) => {
  const { detector } = await gatewayFor(
    t,
    'G2',
    { '/detect': () => ({ body: result({ model_names: ['Yard'] }) }) },
    {
      models: [
        { ...entry, pattern: 'car' },
        { name: 'x', pattern: '.*' },
      ],
    },
  );
  t.match(await detector.detect(picture), { detections: [] });
});
