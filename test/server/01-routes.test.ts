import { createRequire } from 'node:module';
import t from 'tap';

import { startDaemon } from '../support/daemon.js';
import { exchange, head } from '../support/raw-http.js';

const onnxruntime = createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string };

const routes = [
  ['GET', '/health'],
  ['GET', '/models'],
  ['GET', '/metrics'],
  ['POST', '/login'],
  ['POST', '/detect'],
  ['POST', '/detect_urls'],
  ['POST', '/infer'],
  ['GET', '/openapi.json'],
  ['GET', '/docs'],
] as const;

t.test('GET /health says that the server is up', async (t) => {
  const daemon = await startDaemon(t);
  const { status, headers, text } = await daemon.get('/health');
  t.equal(status, 200);
  t.equal(headers.get('content-type'), 'application/json');
  t.equal(text, '{"status":"ok","models_loaded":true}');
});

t.test('GET /models lists the models with their state', async (t) => {
  const daemon = await startDaemon(t);
  const { status, json } = await daemon.get('/models');
  t.equal(status, 200);
  const [row, ...others] = (json as { models: Record<string, unknown>[] }).models;
  t.equal(others.length, 0);
  const { warmup_ms: warmup, batch, int8, decided_by: decidedBy, ...rest } = row ?? {};
  t.match(decidedBy, /\S/, 'it says which rule chose the layout');
  t.type(warmup, 'number');
  t.match(int8, /^(exact|fast)$/, 'by the processor');
  t.match(batch, { max: Number, kind: 'dynamic' });
  t.strictSame(rest, {
    name: 'default',
    type: 'object',
    framework: 'opencv',
    loaded: true,
    processor: 'cpu',
    requested_processor: 'cpu',
    state: 'ready',
    error: null,
    device: 'CPU',
    runtime: `ONNX Runtime ${onnxruntime.version}`,
    input: [320, 320],
    layout: 'yolov8',
    picture: 'float32 planes, RGB, 0..1, letterbox',
    left_out: { impossible: 0, capped: 0 },
  });
});

t.test('health and models need no token', async (t) => {
  const daemon = await startDaemon(t, { auth_enabled: true, auth_password: 'p', token_secret: 's' });
  t.equal((await daemon.get('/health')).status, 200);
  t.equal((await daemon.get('/models')).status, 200);
});

t.test('a path that is no route is 404', async (t) => {
  const daemon = await startDaemon(t);
  for (const path of ['/', '/nowhere', '/Health', '/health/more', '//health']) {
    const { status, text } = await daemon.get(path);
    t.equal(status, 404, path);
    t.equal(text, '{"detail":"Not Found"}');
  }
});

t.test('the wrong method is 405 and told the right one', async (t) => {
  const daemon = await startDaemon(t);
  for (const [method, path] of routes) {
    for (const wrong of ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'].filter((other) => other !== method)) {
      const { status, text, headers } = await daemon.request(wrong, path);
      t.equal(status, 405, `${wrong} ${path}`);
      t.equal(text, '{"detail":"Method Not Allowed"}');
      t.equal(headers.get('allow'), method);
    }
  }
});

t.test('HEAD is 405 without a body', async (t) => {
  const daemon = await startDaemon(t);
  const { status, headers, body } = await exchange(daemon.port, head('HEAD /health'));
  t.equal(status, 405);
  t.equal(headers.allow, 'GET');
  t.equal(body, '');
});

t.test('a trailing slash is redirected to the path without it, with query and method', async (t) => {
  const daemon = await startDaemon(t);
  for (const [method, path] of routes) {
    const { status, headers, text } = await daemon.request(method, `${path}/?a=1&b=2`);
    t.equal(status, 307, path);
    t.equal(headers.get('location'), `${path}?a=1&b=2`);
    t.equal(text, '');
  }
  const followed = await daemon.request('POST', '/login/', {
    redirect: 'follow',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  });
  t.equal(followed.status, 200);
});

t.test('a redirect never leads to another host', async (t) => {
  const daemon = await startDaemon(t);
  const { status } = await exchange(daemon.port, head('GET //elsewhere.example/health/'));
  t.equal(status, 404);
});

t.test('every answer names its request', async (t) => {
  const daemon = await startDaemon(t);
  const ids = [
    await daemon.get('/health'),
    await daemon.get('/health'),
    await daemon.get('/nowhere'),
    await daemon.post('/login', []),
  ].map(({ headers }) => headers.get('x-request-id'));
  t.equal(new Set(ids).size, 4);
  for (const id of ids) t.equal(daemon.logged({ msg: 'request', id }).length, 1, `${id} is in the log once`);
});

t.test('deliberate errors carry a stable code', async (t) => {
  const daemon = await startDaemon(t);
  const { headers } = await daemon.get('/nowhere');
  t.equal(headers.get('x-error-code'), 'NOT_FOUND');
});
