/** What a server says that cannot serve everybody: early, with a status that clients fall back on, and when to come again. */
import { setTimeout as wait } from 'node:timers/promises';
import t, { type Test } from 'tap';

import { type Reply, startDaemon, type TestDaemon, until } from '../support/daemon.js';
import { FrameServer } from '../support/frame-server.js';
import { metricOf } from '../support/metrics.js';
import { exchange, head, RawConnection } from '../support/raw-http.js';
import { picture, urlsReplyOf } from '../support/shapes.js';
import { shared } from '../support/shared.js';

const { bytes } = picture('shapes-06');
const opening = Buffer.from('--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n');
const upload = Buffer.concat([opening, bytes, Buffer.from('\r\n--b--\r\n')]);
const form = { 'Content-Type': 'multipart/form-data; boundary=b' };
const uploadHead = (headers: Readonly<Record<string, string | number>> = {}) =>
  head('POST /detect', { ...form, 'Content-Length': upload.length, ...headers });
const within = (ms: number) => ({ 'x-deadline-ms': String(ms) });

/** Asserts that an answer says "not now", and when. */
function refused(t: Test, { status, headers, json }: Reply, codes: readonly string[]): void {
  t.equal(status, 429);
  t.ok(codes.includes(headers.get('x-error-code') ?? ''), String(headers.get('x-error-code')));
  t.match(headers.get('retry-after'), /^[1-9]\d*$/);
  t.match(json, { detail: /\w/ });
}

/** Keeps the models busy with uploads until the function that it resolves to is called. */
async function busy(t: Test, daemon: TestDaemon, clients = 24): Promise<() => Promise<void>> {
  let isBusy = true;
  const uploads = Array.from({ length: clients }, async () => {
    while (isBusy) t.equal((await daemon.upload({ file: bytes })).status, 200, 'without a deadline everybody waits');
  });
  await until(() => daemon.logged({ msg: 'request', status: 200 }).length >= 8);
  return async () => {
    isBusy = false;
    await Promise.all(uploads);
  };
}

t.test('a deadline that is no time is refused before the body is read', async (t) => {
  const daemon = await startDaemon(t);
  for (const value of ['0', '-1', '+5', 'soon', '1e3', 'NaN', 'Infinity', '3600001', '9'.repeat(400)]) {
    const { status, headers, json } = await exchange(daemon.port, uploadHead({ 'X-Deadline-Ms': value }));
    t.equal(status, 400, value);
    t.equal(headers['x-error-code'], 'OPTION_INVALID');
    t.match(json, { detail: /^expected a number of milliseconds above 0 and up to 3600000 for X-Deadline-Ms, got "/ });
  }
  t.equal((await daemon.post('/detect_urls', { urls: [{ url: 'x' }] }, { 'x-deadline-ms': 'soon' })).status, 400);
  t.equal((await daemon.request('POST', '/infer', { headers: { 'x-deadline-ms': 'soon' } })).status, 400);
  for (const value of ['3600000', '1500.5', '60000']) {
    t.equal((await daemon.upload({ file: bytes }, { 'x-deadline-ms': value })).status, 200, value);
  }
});

t.test('of a burst those are served that can be in time, and the others are told when to come again', async (t) => {
  const daemon = await startDaemon(t, { decode_threads: 1 });
  t.equal((await daemon.upload({ file: bytes })).status, 200);
  const answers = await Promise.all(Array.from({ length: 80 }, () => daemon.upload({ file: bytes }, within(400))));
  const served = answers.filter(({ status }) => status === 200);
  t.ok(served.length > 0, `${served.length} of 80 were served`);
  t.ok(served.length < 80, 'and not all, which would have taken longer');
  for (const answer of answers) if (answer.status !== 200) refused(t, answer, ['QUEUE_FULL', 'DEADLINE_EXCEEDED']);
  for (const { stages } of daemon.logged({ msg: 'request', status: 429 })) {
    t.notOk(stages !== undefined && 'infer' in (stages as object), 'what is refused was not computed');
  }
  t.equal((await daemon.upload({ file: bytes }, within(5000))).status, 200, 'afterwards there is room again');
  const { text } = await daemon.get('/metrics');
  t.equal(metricOf(text, 'zmdetect_queue_depth{model="default",priority="interactive"}'), 0);
  t.equal(metricOf(text, 'zmdetect_http_requests_in_flight'), 1, 'this one');
});

t.test('who would wait too long is told at once, before sending a picture', async (t) => {
  const daemon = await startDaemon(t, { decode_threads: 1 });
  const stop = await busy(t, daemon);
  const started = performance.now();
  for (const line of ['/detect', '/infer']) {
    const headers = { ...form, 'Content-Length': upload.length, 'X-Deadline-Ms': 5 };
    const answer = await exchange(daemon.port, head(`POST ${line}`, headers));
    t.equal(answer.status, 429, line);
    t.equal(answer.headers['x-error-code'], 'QUEUE_FULL');
    t.match(answer.headers['retry-after'], /^[1-9]\d*$/);
    t.match(answer.json, { detail: /^Too busy: an answer would take about \d+\.\d s, and its deadline is in 0\.0 s$/ });
  }
  t.ok(performance.now() - started < 5000);
  const urls = [{ frame_id: 1, url: 'http://127.0.0.1:1/x.jpg' }];
  refused(t, await daemon.post('/detect_urls', { urls }, within(5)), ['QUEUE_FULL']);
  t.equal((await daemon.get('/health')).status, 200);
  await stop();
});

t.test('requests that name URLs have a shorter default, since their clients can help themselves', async (t) => {
  const frames = await FrameServer.start({ pictures: { circles: picture('shapes-05').bytes } });
  t.teardown(() => frames.close());
  const daemon = await startDaemon(t, { decode_threads: 1, url_deadline_seconds: 0.1 });
  const ask = () => daemon.post('/detect_urls', { urls: [{ url: frames.urlOf('circles') }] });
  t.equal((await ask()).status, 200, 'while there is no queue');
  const stop = await busy(t, daemon, 40);
  const answers = await Promise.all(Array.from({ length: 10 }, ask));
  const turnedAway = answers.filter(({ status }) => status === 429);
  t.ok(turnedAway.length > 0, `${turnedAway.length} of 10`);
  for (const answer of turnedAway) refused(t, answer, ['QUEUE_FULL']);
  await stop();
});

t.test('an upload whose deadline passes while it is sent is given up', async (t) => {
  const daemon = await startDaemon(t);
  const connection = await RawConnection.open(daemon.port);
  t.teardown(() => connection.hangUp());
  connection.send(uploadHead({ 'X-Deadline-Ms': 300 }), upload.subarray(0, 1000));
  const answer = await connection.answer();
  t.equal(answer.status, 429);
  t.equal(answer.headers['x-error-code'], 'DEADLINE_EXCEEDED');
  t.match(answer.headers['retry-after'], /^\d+$/);
});

t.test('an event whose time is over before a frame was looked at is no empty event', async (t) => {
  const frames = await FrameServer.start({ pictures: { circles: picture('shapes-05').bytes } });
  t.teardown(() => frames.close());
  const daemon = await startDaemon(t);
  const ask = (...fids: string[]) =>
    daemon.post('/detect_urls', { urls: fids.map((fid) => ({ frame_id: fid, url: frames.urlOf(fid) })) }, within(1500));
  refused(t, await ask('delay-60000-circles'), ['DEADLINE_EXCEEDED']);
  const { status, json } = await ask('circles', 'delay-60000-circles');
  t.equal(status, 200, 'what there is by then is answered');
  t.strictSame(
    urlsReplyOf(json).results.map(({ frame_id: id }) => id),
    ['circles'],
  );
  t.equal((await ask('missing')).status, 200, 'frames that are not there are no reason to come again');
});

const models = shared('models');
t.test('a model that is still loading is 503, and served later', { skip: models.skip }, async (t) => {
  const settings = { base_path: models.path, models: ['all'], serve_models: ['yolo11n'] };
  const daemon = await startDaemon(t, settings);
  const { status, headers, json } = await daemon.upload({ file: bytes }, within(150));
  t.equal(status, 503);
  t.equal(headers.get('x-error-code'), 'MODEL_LOADING');
  t.match(headers.get('retry-after'), /^[1-9]\d*$/);
  t.match(json, { detail: 'Model yolo11n is still loading' });
  t.equal((await daemon.upload({ file: bytes })).status, 200, 'without a hurry it is waited for');
});

t.test('the bytes that wait are bounded, whatever comes', async (t) => {
  const limit = 3 * upload.length;
  const daemon = await startDaemon(t, { max_queued_bytes: limit, decode_threads: 1 });
  let most = 0;
  const answers: Reply[] = [];
  const clients = Array.from({ length: 10 }, async () => {
    for (let i = 0; i < 12; i++) answers.push(await daemon.upload({ file: bytes }));
  });
  const all = Promise.all(clients).then(() => true);
  const queued = async () => metricOf((await daemon.get('/metrics')).text, 'zmdetect_queued_bytes');
  while (!(await Promise.race([all, wait(0)]))) most = Math.max(most, await queued());
  const turnedAway = answers.filter(({ status }) => status !== 200);
  t.ok(turnedAway.length > 0 && turnedAway.length < answers.length, `${turnedAway.length} of ${answers.length}`);
  for (const answer of turnedAway) refused(t, answer, ['QUEUE_BYTES_FULL']);
  t.ok(most > 0 && most <= limit, `${most} of ${limit}`);
  t.equal(await queued(), 0, 'all are given back');
});

t.test('a client that stops while it uploads gives its bytes back', async (t) => {
  const daemon = await startDaemon(t, { max_queued_bytes: upload.length + 1000 });
  const connection = await RawConnection.open(daemon.port);
  connection.send(uploadHead(), upload.subarray(0, upload.length - 100));
  const queued = async () => metricOf((await daemon.get('/metrics')).text, 'zmdetect_queued_bytes');
  while ((await queued()) < upload.length - 100);
  refused(t, await daemon.upload({ file: bytes }), ['QUEUE_BYTES_FULL']);
  connection.hangUp();
  while ((await queued()) > 0);
  t.equal((await daemon.upload({ file: bytes })).status, 200);
});

t.test('frames are only fetched while there is room for them', async (t) => {
  const frames = await FrameServer.start({ pictures: { mixed: bytes } });
  t.teardown(() => frames.close());
  const daemon = await startDaemon(t, { max_queued_bytes: bytes.length, fetch_concurrency: 16 });
  const urls = Array.from({ length: 48 }, (_, i) => ({ frame_id: String(i), url: frames.urlOf('mixed', i) }));
  const { status, json } = await daemon.post('/detect_urls', { urls });
  t.equal(status, 200);
  t.equal(urlsReplyOf(json).results.length, 48, 'all are looked at, a few at a time');
  t.equal(metricOf((await daemon.get('/metrics')).text, 'zmdetect_queued_bytes'), 0);
});
