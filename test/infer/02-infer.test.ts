import t, { type Test } from 'tap';

import type { InferReplyJson } from '../../src/detection/wire.js';
import { embeddedModel, type Reply, startDaemon, type TestDaemon } from '../support/daemon.js';
import { FrameServer } from '../support/frame-server.js';
import { picture } from '../support/shapes.js';

const shapes = picture('shapes-01');

type Parts = Readonly<Record<string, string | Uint8Array<ArrayBuffer>>>;

/** A multipart form; bytes are a file part, as clients upload frames. */
function upload(daemon: TestDaemon, parts: Parts, headers: Record<string, string> = {}): Promise<Reply> {
  const body = new FormData();
  for (const [name, value] of Object.entries(parts)) {
    if (typeof value === 'string') body.append(name, value);
    else body.append(name, new Blob([value], { type: 'image/png' }), 'frame.png');
  }
  return daemon.request('POST', '/infer', { body, headers });
}

/** A form without files, as clients send it in URL mode. */
function form(daemon: TestDaemon, fields: Record<string, string>): Promise<Reply> {
  return daemon.request('POST', '/infer', { body: new URLSearchParams(fields) });
}

function inferred({ json }: Reply): InferReplyJson {
  return json as InferReplyJson;
}

async function frameServer(t: Test): Promise<FrameServer> {
  const server = await FrameServer.start({ pictures: { snapshot: shapes.bytes, alarm: picture('shapes-02').bytes } });
  t.teardown(() => server.close());
  return server;
}

t.test('an uploaded picture', async (t) => {
  const daemon = await startDaemon(t);
  const reply = await upload(daemon, { type: 'object', name: 'default', min_confidence: '0.3', image: shapes.bytes });
  t.equal(reply.status, 200);
  t.same(Object.keys(inferred(reply)), ['detections', 'error']);
  t.equal(inferred(reply).error, null);
  const detected = (await daemon.upload({ file: shapes.bytes })).json as Record<string, unknown[]>;
  t.ok(inferred(reply).detections.length > 0, 'it holds something');
  t.same(
    inferred(reply).detections,
    detected.labels?.map((label, i) => ({
      label,
      confidence: detected.confidences?.[i],
      box: detected.boxes?.[i],
      type: 'object',
      model_name: 'default',
    })),
    'the same as /detect has',
  );
});

t.test('a picture by URL', async (t) => {
  const [daemon, frames] = [await startDaemon(t), await frameServer(t)];
  const fields = { type: 'object', name: 'default', zm_auth: 'token=abc', verify_ssl: '1' };
  const byUrl = await form(daemon, { ...fields, url: frames.urlOf('snapshot') });
  const uploaded = await upload(daemon, { type: 'object', name: 'default', image: shapes.bytes });
  t.same(inferred(byUrl), inferred(uploaded));
  t.match(frames.requests[0]?.url, /fid=snapshot&token=abc$/);

  await t.test('is fetched once for two models in a row', async (t) => {
    await form(daemon, { ...fields, url: frames.urlOf('snapshot') });
    t.equal(frames.requests.length, 1);
  });
  await t.test('is fetched again with other credentials', async (t) => {
    await form(daemon, { ...fields, zm_auth: 'token=other', url: frames.urlOf('snapshot') });
    t.equal(frames.requests.length, 2);
  });
  await t.test('wins over an upload, in a multipart form as well', async (t) => {
    const reply = await upload(daemon, { ...fields, url: frames.urlOf('alarm'), image: shapes.bytes });
    t.same(inferred(reply), inferred(await upload(daemon, { ...fields, image: picture('shapes-02').bytes })));
  });
  for (const [fid, reason] of [
    ['missing', /^fetch failed: http:.*status 404$/],
    ['error', /^fetch failed: http:.*status 500$/],
    ['login', /^fetch failed: http:.*could not decode/],
    ['empty', /^fetch failed: /],
  ] as const) {
    await t.test(`that is ${fid} is a 200 with the reason and without the credentials`, async (t) => {
      const reply = await form(daemon, { ...fields, type: 'nothing', url: frames.urlOf(fid) });
      t.equal(reply.status, 200);
      t.same(inferred(reply).detections, []);
      t.match(inferred(reply).error, reason);
      t.notMatch(reply.text + daemon.logText, 'token=abc');
    });
  }
  await t.test('that is no URL as well', async (t) => {
    const reply = await form(daemon, { ...fields, url: 'snapshot.jpg' });
    t.equal(reply.status, 200);
    t.match(inferred(reply).error, /^fetch failed: /);
  });
});

t.test('the model that is asked for', async (t) => {
  const daemon = await startDaemon(t, { models: [`Yard YOLO=${embeddedModel}`, embeddedModel] });
  const ask = (fields: Parts) => upload(daemon, { image: shapes.bytes, ...fields });
  const modelOf = async (fields: Parts) => inferred(await ask(fields)).detections[0]?.model_name;
  t.equal(await modelOf({ type: 'object', name: 'Yard YOLO' }), 'Yard YOLO');
  t.equal(await modelOf({ type: 'object', name: 'default' }), 'default');
  t.equal(await modelOf({ type: 'object' }), 'Yard YOLO', 'no name: the first of the type');
  t.equal(await modelOf({ type: 'object', name: '' }), 'Yard YOLO', 'an empty name as well');
  for (const [fields, sentence] of [
    [{ type: 'object', name: 'yard yolo' }, "no model loaded for type=object name='yard yolo'; "],
    [{ type: 'object', name: 'Yard YOLO ' }, "no model loaded for type=object name='Yard YOLO '; "],
    [{ type: 'object', name: "Bob's" }, 'no model loaded for type=object name="Bob\'s"; '],
    [{ type: 'face', name: 'Yard YOLO' }, "no model loaded for type=face name='Yard YOLO'; "],
    [{ type: 'bicycle' }, "no model loaded for type=bicycle name=''; "],
  ] as const) {
    const reply = await ask(fields);
    t.equal(reply.status, 200);
    t.same(inferred(reply).detections, []);
    t.equal(inferred(reply).error, `${sentence}this server has 'Yard YOLO' (object), 'default' (object)`);
  }
});

t.test('a nameless model answers to the name that /models gives it', async (t) => {
  const daemon = await startDaemon(t, { detector_config: { models: [{ weights: embeddedModel }] } });
  const reply = await upload(daemon, { type: 'object', name: 'opencv', image: shapes.bytes });
  t.equal(inferred(reply).error, null);
  t.equal(inferred(reply).detections[0]?.model_name, 'yolo');
});

t.test('the filters of detector_config are not for /infer', async (t) => {
  const models = [{ name: 'a', weights: embeddedModel, pattern: 'nothing', max_detection_size: '1px' }];
  const daemon = await startDaemon(t, { detector_config: { models, pattern: 'nothing' } });
  t.ok(inferred(await upload(daemon, { type: 'object', image: shapes.bytes })).detections.length > 0);
});

t.test('the threshold of the request replaces the model’s, in both directions, for this request only', async (t) => {
  const models = [{ name: 'a', weights: embeddedModel, min_confidence: 0.5 }];
  const daemon = await startDaemon(t, { detector_config: { models } });
  const confidences = async (fields: Parts) =>
    inferred(await upload(daemon, { type: 'object', image: shapes.bytes, ...fields })).detections.map(
      ({ confidence }) => confidence,
    );
  const own = await confidences({});
  const low = await confidences({ min_confidence: '0.01' });
  const high = await confidences({ min_confidence: '0.99' });
  t.ok(low.length > own.length, 'lower: more');
  t.ok(high.length < own.length, 'higher: fewer');
  t.same(
    own,
    low.filter((confidence) => confidence >= 0.5),
  );
  t.same(await confidences({ min_confidence: '-1' }), await confidences({ min_confidence: '0' }), 'negative is 0');
  t.same(await confidences({ min_confidence: '' }), own, 'empty is absent');
  t.same(await confidences({ min_confidence: ' 5e-1 ' }), own);
});

t.test('what is wrong with the form', async (t) => {
  const daemon = await startDaemon(t);
  const detail = async (parts: Parts) => {
    const reply = await upload(daemon, parts);
    return [reply.status, (reply.json as { detail: unknown }).detail];
  };
  const missingType = { type: 'missing', loc: ['body', 'type'], msg: 'Field required', input: null };
  t.same(await detail({ image: shapes.bytes }), [422, [missingType]]);
  t.same(await detail({ type: '', image: shapes.bytes }), [422, [missingType]]);
  t.same((await daemon.post('/infer', { type: 'object' })).json, { detail: [missingType] }, 'JSON has no fields');
  for (const [text, type] of [
    ['much', 'float_parsing'],
    ['0x1', 'float_parsing'],
    ['nan', 'finite_number'],
    ['-inf', 'finite_number'],
    ['1e999', 'finite_number'],
  ] as const) {
    const [status, rows] = await detail({ type: 'object', min_confidence: text, image: shapes.bytes });
    t.equal(status, 422);
    t.match(rows, [{ type, loc: ['body', 'min_confidence'], input: text }]);
  }
  t.match(await detail({ type: 'object', image: 'text' }), [422, [{ type: 'value_error', loc: ['body', 'image'] }]]);
  t.same(await detail({ type: 'object' }), [400, 'Empty file']);
  t.same(await detail({ type: 'object', image: new Uint8Array() }), [400, 'Empty file']);
  t.same(
    await detail({ type: 'nothing', image: new Uint8Array([1, 2, 3]) }),
    [400, 'Could not decode image'],
    'the picture is looked at before the model is looked for',
  );
  t.same((await form(daemon, { type: 'object' })).json, { detail: 'Empty file' });
});

t.test('a token is needed, and asked for before the form', async (t) => {
  const auth = { auth_enabled: true, auth_username: 'u', auth_password: 'p', token_secret: 'k'.repeat(32) };
  const daemon = await startDaemon(t, auth);
  t.equal((await upload(daemon, {})).status, 401);
  const { access_token: token } = (await daemon.post('/login', { username: 'u', password: 'p' })).json as {
    access_token: string;
  };
  const allowed = { authorization: `Bearer ${token}` };
  t.equal((await upload(daemon, { type: 'object', image: shapes.bytes }, allowed)).status, 200);
});

t.test('a model that is there and cannot run is a 503, so that the client falls back', async (t) => {
  const folder = t.testdir({ broken: { 'broken.onnx': 'no model' } });
  const daemon = await startDaemon(t, { models: ['broken', embeddedModel], base_path: folder });
  const reply = await upload(daemon, { type: 'object', name: 'broken', image: shapes.bytes });
  t.equal(reply.status, 503);
  const other = await upload(daemon, { type: 'object', image: shapes.bytes });
  t.equal(inferred(other).detections[0]?.model_name, 'default', 'without a name the next one answers');
  const absent = await upload(daemon, { type: 'object', name: 'absent', image: shapes.bytes });
  t.match(inferred(absent).error, /^no model loaded/);
});

t.test('serve_models names the models that answer the routes that name none', async (t) => {
  const models = [`one=${embeddedModel}`, `two=${embeddedModel}`];
  const daemon = await startDaemon(t, { models, serve_models: ['two'] });
  const { model_names: names } = (await daemon.upload({ file: shapes.bytes })).json as { model_names: string[] };
  t.same([...new Set(names)], ['two']);
  const reply = await upload(daemon, { type: 'object', name: 'one', image: shapes.bytes });
  t.equal(inferred(reply).detections[0]?.model_name, 'one', '/infer finds every model');
  await t.rejects(startDaemon(t, { models, serve_models: ['tow'] }), {
    code: 'CONFIG_INVALID',
    message: 'expected names of models for serve_models, got "tow"; did you mean "two"?',
  });
});

t.test('/models says what each model runs on, in the keys that clients read first', async (t) => {
  const daemon = await startDaemon(t);
  const { models } = (await daemon.get('/models')).json as { models: object[] };
  t.same(Object.entries(models[0] ?? {}).slice(0, 6), [
    ['name', 'default'],
    ['type', 'object'],
    ['framework', 'opencv'],
    ['loaded', true],
    ['processor', 'cpu'],
    ['requested_processor', 'cpu'],
  ]);
});
