/** What goes over the wire to a server of each generation (wire generations, 7.1), and how its answers are read (7.4). */
import { readFileSync } from 'node:fs';
import t from 'tap';
import type { Test } from 'tap';

import type { DetectorOptions } from '../../src/client/types.js';
import { detectorFor, failure, FakeEvent, picture } from '../support/client.js';
import { type Answers, type Asked, FakeGateway, type Generation, inferred, result } from '../support/gateway.js';

async function start(t: Test, generation: Generation, answers: Answers, options: DetectorOptions = {}) {
  const gateway = await FakeGateway.start(t, generation, answers);
  return { gateway, ...detectorFor(t, { gateway: gateway.url, ...options }) };
}

/** The fields of a multipart body, file parts as bytes in Latin-1. */
async function formOf({ headers, body }: Asked): Promise<Record<string, string>> {
  const type = headers['content-type'] ?? '';
  const form = await new Response(new Uint8Array(body), { headers: { 'content-type': type } }).formData();
  const entries = [...form].map(async ([name, value]) => {
    if (typeof value === 'string') return [name, value] as const;
    return [name, Buffer.from(await value.arrayBuffer()).toString('latin1')] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

const bytes = readFileSync(picture).toString('latin1');
const one = { streamConfig: { frameSet: ['alarm'] } };

for (const generation of ['G1', 'G2'] as const) {
  t.test(`${generation}: an upload is one part, the file as it is`, async (t) => {
    const { gateway, detector } = await start(t, generation, { '/detect': () => ({ body: result() }) });
    const found = await detector.detect(picture);
    t.match(found, { frameId: 'single', summary: 'person:90%', ranOn: 'gateway' });
    t.strictSame(found.imageDimensions, { width: 640, height: 480 });
    t.strictSame(found.detections, [
      { label: 'person', confidence: 0.9, box: [100, 100, 200, 300], modelName: 'yard', type: 'object' },
    ]);
    const [asked] = gateway.asked as [Asked];
    t.strictSame(await formOf(asked), { file: bytes });
    t.match(asked.body.toString('latin1'), 'name="file"; filename="image.jpg"');
    t.equal(Number(asked.headers['content-length']), asked.body.length);
    t.notOk('transfer-encoding' in asked.headers);
  });
}

t.test('an event by URL: a request for each frame, without zones', async (t) => {
  const { gateway, detector } = await start(t, 'G2', {
    '/detect_urls': () => ({ body: { results: [result({ frame_id: '0' })] } }),
  });
  const zones = [
    {
      points: [
        [0, 0],
        [640, 0],
        [640, 480],
        [0, 480],
      ] as const,
      pattern: 'car',
    },
  ];
  const found = await detector.detectEvent(FakeEvent.of(), 7, { zones, streamConfig: { frameSet: ['alarm', '3'] } });
  t.match(found, { frameId: 'alarm', detections: [], errorBoxes: [[100, 100, 200, 300]] });
  t.strictSame(
    gateway.asked.map(({ body }) => JSON.parse(body.toString()) as unknown),
    ['alarm', '3'].map((fid) => ({
      urls: [{ frame_id: '0', url: `http://zm/zm/index.php?view=image&eid=7&fid=${fid}` }],
      zm_auth: 'token=topsecret',
      verify_ssl: true,
    })),
  );
  t.equal(gateway.asked[0]?.headers['content-type'], 'application/json');
});

t.test('the first generation answers with one result, and with a null frame_id where it has none', async (t) => {
  const { detector } = await start(t, 'G1', {
    '/detect_urls': (_, count) => ({ body: result(count === 1 ? { frame_id: '0' } : { frame_id: null, labels: [] }) }),
  });
  t.match(await detector.detectEvent(FakeEvent.of(), 7, one), { summary: 'person:90%', frameId: 'alarm' });
  await failure(t, detector.detectEvent(FakeEvent.of(), 7, one), 'FRAMES_MISSING');
});

t.test('later ones with a list, empty where there is none', async (t) => {
  const { detector } = await start(t, 'G2', { '/detect_urls': () => ({ body: { results: [] } }) });
  const error = await failure(t, detector.detectEvent(FakeEvent.of(), 7), 'FRAMES_MISSING');
  t.match(error.message, 'None of the frames snapshot, alarm, 1 of event 7');
});

t.test('a frame that they could not get is asked for again, since it may not be written yet', async (t) => {
  for (const none of [{ results: [] }, result({ frame_id: null, labels: [] })]) {
    const { gateway, detector } = await start(t, 'G2', {
      '/detect_urls': (_, count) => ({ body: count < 3 ? none : { results: [result()] } }),
    });
    const streamConfig = { frameSet: ['alarm'], maxAttempts: 3, sleepBetweenAttempts: 0.01 };
    t.equal((await detector.detectEvent(FakeEvent.of(), 7, { streamConfig })).frameId, 'alarm');
    t.equal(gateway.asked.length, 3);
  }
});

t.test('missing keys have their defaults', async (t) => {
  const { detector } = await start(t, 'G1', {
    '/detect': (_, count) => ({ body: count === 1 ? { labels: [] } : { labels: ['cat'], boxes: [[1, 2, 3, 4]] } }),
  });
  t.strictSame((await detector.detect(picture)).detections, []);
  const second = await detector.detect(picture);
  t.strictSame(second.detections, [{ label: 'cat', confidence: 0, box: [1, 2, 3, 4], modelName: '', type: 'object' }]);
  t.strictSame(second.imageDimensions, { width: 320, height: 240 }, 'the size of the upload');
});

t.test(
  'patterns, limits and thresholds of the configured models hold for what a server’s own models find',
  async (t) => {
    const body = result({
      labels: ['person', 'car', 'dog', 'person'],
      boxes: Array(4).fill([0, 0, 100, 100]),
      confidences: [0.9, 0.9, 0.9, 0.4],
      model_names: ['yard', 'yard', 'yard', 'yard'],
    });
    const found = async (options: DetectorOptions) => {
      const { detector } = await start(t, 'G2', { '/detect': () => ({ body }) }, options);
      return (await detector.detect(picture)).detections.map(({ label }) => label);
    };
    t.strictSame(await found({}), ['person', 'car', 'dog', 'person']);
    t.strictSame(await found({ models: [{ name: 'yard', pattern: 'person', minConfidence: 0.5 }] }), ['person']);
    t.strictSame(await found({ models: [{ name: 'other', pattern: 'car|dog' }] }), ['car', 'dog']);
    const two = [
      { name: 'a', pattern: 'car' },
      { name: 'b', pattern: 'dog' },
    ];
    t.strictSame(await found({ models: two }), ['person', 'car', 'dog', 'person'], 'none of them, and they disagree');
    t.strictSame(await found({ pattern: 'dog' }), ['dog']);
    t.strictSame(await found({ maxDetectionSize: '3%' }), [], '10,000 of 307,200 pixels are 3.3 %');
    t.strictSame(await found({ models: [{ name: 'yard', maxDetectionSize: '9999px' }] }), []);
  },
);

t.test('G4: an upload for each model, with its threshold', async (t) => {
  const { gateway, detector } = await start(
    t,
    'G4',
    {
      '/infer': ({ body }) => ({
        body: body.includes('name="name"\r\n\r\nyard\r\n') ? inferred('person') : inferred('face'),
      }),
    },
    {
      models: [
        { name: 'yard', minConfidence: 0.55 },
        { name: 'faces', type: 'face', framework: 'face_dlib' },
      ],
    },
  );
  const found = await detector.detect(picture);
  t.equal(found.summary, 'person:90% face:90%');
  t.strictSame(found.imageDimensions, { width: 320, height: 240 });
  const [first, second] = gateway.asked as [Asked, Asked];
  t.strictSame(await formOf(first), { type: 'object', name: 'yard', min_confidence: '0.55', image: bytes });
  t.strictSame(await formOf(second), { type: 'face', name: 'faces', min_confidence: '0.3', image: bytes });
});

t.test('G4: an event by URL is a form for each frame and model', async (t) => {
  const { gateway, detector } = await start(
    t,
    'G4',
    { '/infer': () => ({ body: inferred('person') }) },
    { models: ['yard'] },
  );
  const zm = FakeEvent.of();
  const found = await detector.detectEvent(zm, 7, one);
  t.match(found, { frameId: 'alarm', summary: 'person:90%' });
  t.strictSame(found.imageDimensions, { width: 640, height: 480 }, 'as ZoneMinder says');
  t.equal(zm.sizesAsked, 1);
  const [asked] = gateway.asked as [Asked];
  t.equal(asked.headers['content-type'], 'application/x-www-form-urlencoded');
  t.strictSame(Object.fromEntries(new URLSearchParams(asked.body.toString())), {
    type: 'object',
    name: 'yard',
    min_confidence: '0.3',
    url: 'http://zm/zm/index.php?view=image&eid=7&fid=alarm',
    zm_auth: 'token=topsecret',
    verify_ssl: '1',
  });
  await detector.detectEvent(zm, 7, { ...one, frameSize: { width: 1, height: 1 } });
  t.equal(zm.sizesAsked, 1, 'not asked for a size that is known');
});

t.test('G4 without models: its first for objects, at its own threshold', async (t) => {
  const { gateway, detector } = await start(t, 'G4', { '/infer': () => ({ body: inferred('person') }) });
  await detector.detect(picture);
  t.strictSame(await formOf(gateway.asked[0] as Asked), { type: 'object', name: '', image: bytes });
});

t.test('zmdetectd: named models are asked for by name, else it chooses', async (t) => {
  const answers: Answers = { '/infer': () => ({ body: inferred() }), '/detect': () => ({ body: result() }) };
  const named = await start(t, 'zmdetectd', answers, { models: ['yard'] });
  await named.detector.detect(picture);
  t.strictSame(named.gateway.routes(), ['/infer']);
  const unnamed = await start(t, 'zmdetectd', answers);
  await unnamed.detector.detect(picture);
  t.strictSame(unnamed.gateway.routes(), ['/detect']);
});

t.test('G4: a model that the server lacks is skipped with a word, once', async (t) => {
  const missing = { body: { detections: [], error: "no model loaded for type=object name='wrong'" } };
  const { detector, log } = await start(
    t,
    'G4',
    { '/infer': ({ body }) => (body.includes('wrong') ? missing : { body: inferred('person') }) },
    { models: ['wrong', 'yard'], matchStrategy: 'union' },
  );
  for (let i = 0; i < 2; i++) t.equal((await detector.detect(picture)).summary, 'person:90%');
  const told = log.lines.filter(({ message }) => message.startsWith('model skipped'));
  t.equal(told.length, 1);
  t.match(told[0]?.fields, { model: 'wrong', reason: /no model loaded/ });
});

t.test('G4: where it lacks all of them an empty result would be a lie', async (t) => {
  const missing = { body: { detections: [], error: "no model loaded for type=object name='wrong'" } };
  const { detector } = await start(t, 'G4', { '/infer': () => missing }, { models: ['wrong'] });
  await failure(t, detector.detect(picture), 'GATEWAY_MODEL_UNKNOWN');
});

t.test('G4: a model that cannot run is a failure of the gateway, and no other is asked', async (t) => {
  const { gateway, detector } = await start(
    t,
    'G4',
    { '/infer': () => ({ body: { detections: [], error: 'CUDA error: out of memory' } }) },
    { models: ['a', 'b'], matchStrategy: 'first' },
  );
  const error = await failure(t, detector.detect(picture), 'GATEWAY_FAILED');
  t.match(error.message, 'CUDA error');
  t.equal(gateway.asked.length, 1);
});

t.test('G4: with the strategy first, the first model that finds something is the last that is asked', async (t) => {
  const { gateway, detector } = await start(
    t,
    'G4',
    { '/infer': (_, count) => ({ body: count === 2 ? inferred('car') : inferred() }) },
    { models: ['a', 'b', 'c'], matchStrategy: 'first' },
  );
  t.equal((await detector.detect(picture)).summary, 'car:90%');
  t.equal(gateway.asked.length, 2);
});

t.test('G4: models of services are not asked for', async (t) => {
  const cloud = { name: 'plates', type: 'alpr', framework: 'plate_recognizer' } as const;
  const { gateway, detector, log } = await start(
    t,
    'G4',
    { '/infer': () => ({ body: inferred('person') }) },
    { models: [{ name: 'yard' }, cloud] },
  );
  await detector.detect(picture);
  t.equal(gateway.asked.length, 1);
  t.ok(log.lines.some(({ message }) => message.includes('no server runs this framework')));
  const only = await start(t, 'G4', {}, { models: [cloud] });
  await failure(t, only.detector.detect(picture), 'GATEWAY_MODEL_UNKNOWN');
});

t.test('a frame that the server cannot fetch: its reason, without the credentials it quotes', async (t) => {
  const url = 'http://zm/zm/index.php?view=image&eid=7&fid=alarm&token=topsecret';
  const error = `fetch failed: 404 Client Error: Not Found for url: ${url}`;
  const { gateway, detector, log } = await start(
    t,
    'G4',
    { '/infer': () => ({ body: { detections: [], error } }) },
    { models: ['a', 'b'] },
  );
  const failed = await failure(t, detector.detectEvent(FakeEvent.of(), 7, one), 'FRAMES_MISSING');
  t.match(failed.message, '404 Client Error');
  t.notMatch(failed.message + JSON.stringify(failed) + log.text, 'topsecret');
  t.equal(gateway.asked.length <= 2, true);
});

t.test('the server is asked once what it is, also by many calls at once', async (t) => {
  let described = 0;
  const { detector } = await start(t, 'G2', {
    '/openapi.json': () => {
      described += 1;
      return { body: { paths: { '/detect': {}, '/detect_urls': {} } } };
    },
    '/detect': () => ({ body: result() }),
  });
  await Promise.all([detector.detect(picture), detector.detect(picture), detector.detect(picture)]);
  await detector.detect(picture);
  t.equal(described, 1);
});

t.test('a gateway below a path', async (t) => {
  const gateway = await FakeGateway.start(t, 'G2', {
    '/yolo/openapi.json': () => ({ body: { paths: { '/detect': {}, '/detect_urls': {} } } }),
    '/yolo/detect': () => ({ body: result() }),
  });
  const { detector } = detectorFor(t, { gateway: `${gateway.url}/yolo/` });
  t.equal((await detector.detect(picture)).summary, 'person:90%');
});
