import t from 'tap';

import { metricTable } from '../../src/server/metric-table.js';
import { startDaemon } from '../support/daemon.js';
import { FrameServer } from '../support/frame-server.js';
import { metricOf } from '../support/metrics.js';
import { exchange, head } from '../support/raw-http.js';
import { picture } from '../support/shapes.js';

const { bytes, objects } = picture('shapes-10');

t.test('every metric of the table is there, and nothing of our own besides', async (t) => {
  const daemon = await startDaemon(t);
  const { status, headers, text } = await daemon.get('/metrics');
  t.equal(status, 200);
  t.match(headers.get('content-type'), /^text\/plain; version=0\.0\.4/);
  const named = [...text.matchAll(/^# TYPE (zmdetect_\w+) (\w+)$/gm)].map(([, name, kind]) => `${name} ${kind}`);
  t.strictSame(
    named.sort(),
    Object.entries(metricTable)
      .map(([name, { kind }]) => `${name} ${kind}`)
      .sort(),
  );
  for (const row of text.split('\n').filter((line) => line !== ''))
    t.match(row, /^(# (HELP|TYPE) \w+ .+|\w+(\{[^{}]+\})? \S+)$/);
  for (const name of ['process_cpu_seconds_total', 'process_resident_memory_bytes', 'nodejs_eventloop_lag_seconds']) {
    t.ok(metricOf(text, name) >= 0, name);
  }
});

t.test('a picture is counted where it passes', async (t) => {
  const daemon = await startDaemon(t);
  for (let i = 0; i < 3; i++) await daemon.upload({ file: bytes });
  const { text } = await daemon.get('/metrics');
  const is = (series: string, value: number) => t.equal(metricOf(text, series), value, series);
  is('zmdetect_http_requests_total{route="/detect",status="200"}', 3);
  is('zmdetect_http_request_duration_seconds_count{route="/detect"}', 3);
  is('zmdetect_http_requests_in_flight', 1);
  for (const stage of ['body', 'decodeQueue', 'decode', 'letterbox', 'queue', 'infer', 'post', 'encode']) {
    is(`zmdetect_stage_duration_seconds_count{stage="${stage}"}`, 3);
  }
  t.ok(metricOf(text, 'zmdetect_stage_duration_seconds_sum{stage="infer"}') > 0);
  is('zmdetect_model_pictures_total{model="default"}', 3);
  is('zmdetect_model_detections_total{model="default"}', 3 * objects.length);
  is('zmdetect_batch_size_count{model="default"}', 3);
  is('zmdetect_queue_depth{model="default",priority="interactive"}', 0);
  is('zmdetect_queued_bytes', 0);
  is('zmdetect_queued_bytes_limit', 1024 ** 3);
  is('zmdetect_model_state{model="default",state="ready"}', 1);
  is('zmdetect_model_state{model="default",state="failed"}', 0);
  is('zmdetect_model_fallback{model="default"}', 0);
  is('zmdetect_build_info{version="0.0.0"}', 1);
  t.ok(metricOf(text, 'zmdetect_service_seconds{model="default"}') > 0);
});

t.test('fetched frames have their stage, and refusals their reason', async (t) => {
  const frames = await FrameServer.start({ pictures: { mixed: bytes } });
  t.teardown(() => frames.close());
  const daemon = await startDaemon(t);
  const urls = ['mixed', 'missing', 'mixed'].map((fid) => ({ url: frames.urlOf(fid) }));
  await daemon.post('/detect_urls', { urls });
  await daemon.upload({ file: bytes }, { 'x-deadline-ms': '0.001' });
  const { text } = await daemon.get('/metrics');
  t.equal(metricOf(text, 'zmdetect_stage_duration_seconds_count{stage="fetch"}'), 2);
  t.equal(metricOf(text, 'zmdetect_model_pictures_total{model="default"}'), 2);
  t.equal(metricOf(text, 'zmdetect_shed_total{route="/detect",reason="expired"}'), 1);
  t.equal(metricOf(text, 'zmdetect_http_requests_total{route="/detect",status="429"}'), 1);
});

t.test('what a client chooses gets into no label', async (t) => {
  const daemon = await startDaemon(t);
  await daemon.get('/nowhere/CH0SEN?a=CH0SEN');
  await daemon.request('POST', '/infer', {
    body: new URLSearchParams({ type: 'CH0SEN', name: 'CH0SEN', url: 'http://127.0.0.1:1/CH0SEN' }),
  });
  await exchange(daemon.port, head('PURGE /CH0SEN', { 'User-Agent': 'CH0SEN', Cookie: 'CH0SEN' }));
  await daemon.upload({ CH0SEN: 'CH0SEN' }, { 'x-deadline-ms': 'CH0SEN' });
  const { text } = await daemon.get('/metrics');
  t.notMatch(text, /CH0SEN/);
  t.equal(metricOf(text, 'zmdetect_http_requests_total{route="other",status="404"}'), 2);
});

t.test('a model that falls back or fails can be seen', async (t) => {
  const base = t.testdir({ yard: { 'yard.onnx': 'broken' } });
  const daemon = await startDaemon(t, { base_path: base, models: ['all'] });
  await daemon.upload({ file: bytes });
  const { text } = await daemon.get('/metrics');
  t.equal(metricOf(text, 'zmdetect_model_state{model="yard",state="failed"}'), 1);
  t.equal(metricOf(text, 'zmdetect_model_failures_total{model="yard",code="MODEL_UNREADABLE"}'), 1);
});

t.test('it is open as /health is, unless a token is asked for', async (t) => {
  const auth = { auth_enabled: true, auth_password: 'p', token_secret: 'a secret of some length' };
  const open = await startDaemon(t, auth);
  t.equal((await open.get('/metrics')).status, 200);
  const closed = await startDaemon(t, { ...auth, metrics_auth: true });
  t.equal((await closed.get('/metrics')).status, 401);
  const { json } = await closed.post('/login', { username: 'admin', password: 'p' });
  const authorization = `Bearer ${(json as { access_token: string }).access_token}`;
  t.equal((await closed.request('GET', '/metrics', { headers: { authorization } })).status, 200);
});
