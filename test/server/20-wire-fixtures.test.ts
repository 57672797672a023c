/** The bytes that the Python clients of three generations send, played over a socket (wire generations, 7.1 and 11.5). */
import t, { type Test } from 'tap';

import { type Settings, startDaemon } from '../support/daemon.js';
import { FrameServer } from '../support/frame-server.js';
import { type RawAnswer, requests } from '../support/raw-http.js';
import { holds, picture, resultKeys, resultOf, urlsReplyOf, zoneAround } from '../support/shapes.js';

const shapes = picture('shapes-10');
const circles = picture('shapes-05');
const boundary = '0123456789abcdef0123456789abcdef';
const star = zoneAround(shapes.objects.find(({ label }) => label === 'star')?.box ?? [0, 0, 0, 0]);

/** Python's json.dumps puts blanks where JSON.stringify has none. */
function dumps(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(dumps).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([key, entry]) => `${JSON.stringify(key)}: ${dumps(entry)}`)
    .join(', ')}}`;
}

const postJson = (port: number, path: string, body: unknown, token?: string) =>
  requests(port, path, 'application/json', dumps(body), token);

/** The form of an upload; the first generation puts `zones` before the file when it has some. */
function upload(port: number, zones?: readonly unknown[], token?: string): Promise<RawAnswer> {
  const zonesPart =
    zones === undefined
      ? ''
      : `--${boundary}\r\nContent-Disposition: form-data; name="zones"\r\n\r\n${dumps(zones)}\r\n`;
  const filePart =
    `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="image.jpg"\r\n` +
    'Content-Type: image/jpeg\r\n\r\n';
  const parts = [zonesPart, filePart, shapes.bytes, `\r\n--${boundary}--\r\n`].map((part) => Buffer.from(part));
  return requests(port, '/detect', `multipart/form-data; boundary=${boundary}`, Buffer.concat(parts), token);
}

async function setUp(t: Test, settings: Settings = {}) {
  const frames = await FrameServer.start({ pictures: { snapshot: circles.bytes, alarm: shapes.bytes } });
  t.teardown(() => frames.close());
  const daemon = await startDaemon(t, settings);
  const urls = (...fids: readonly string[]) => fids.map((fid) => ({ frame_id: fid, url: frames.urlOf(fid, 7) }));
  return { daemon, port: daemon.port, frames, urls };
}

function isResult(t: Test, answer: RawAnswer) {
  t.equal(answer.status, 200);
  t.equal(answer.headers['content-type'], 'application/json');
  t.strictSame(Object.keys(resultOf(answer.json)), resultKeys);
  return resultOf(answer.json);
}

function isUrlsReply(t: Test, answer: RawAnswer, ...fids: readonly string[]) {
  t.equal(answer.status, 200);
  const reply = urlsReplyOf(answer.json);
  t.strictSame(Object.keys(reply), [...resultKeys, 'results']);
  t.strictSame(
    reply.results.map(({ frame_id: id }) => id),
    fids,
    'every frame, in order',
  );
  for (const result of reply.results) t.strictSame(Object.keys(result), resultKeys);
  return reply;
}

t.test('every generation logs in alike', async (t) => {
  const { port } = await setUp(t, {
    auth_enabled: true,
    auth_username: 'u',
    auth_password: 'p',
    token_secret: 's3cret',
  });
  const answer = await postJson(port, '/login', { username: 'u', password: 'p' });
  t.equal(answer.status, 200);
  const { access_token: token, expires } = answer.json as { access_token: string; expires: number };
  t.strictSame(Object.keys(answer.json as object), ['access_token', 'expires']);
  t.equal(expires, 3600);
  t.equal((await upload(port, undefined, token)).status, 200);
  t.equal((await upload(port)).status, 401);
  t.equal((await postJson(port, '/detect_urls', { urls: [], zm_auth: '', verify_ssl: true }, token)).status, 400);
  t.equal((await postJson(port, '/login', { username: 'u', password: '' })).status, 401);
});

t.test('with authentication off a login is answered all the same', async (t) => {
  const { port } = await setUp(t);
  const answer = await postJson(port, '/login', { username: 'u', password: '' });
  t.match(answer, { status: 200, json: { access_token: String, expires: 3600 } });
});

t.test('first generation: an upload without zones', async (t) => {
  const { port } = await setUp(t);
  const result = isResult(t, await upload(port));
  holds(t, result, shapes.objects, 'upload');
  t.equal(result.frame_id, 'single');
});

t.test('first generation: an upload with zones is filtered here', async (t) => {
  const { port } = await setUp(t);
  const result = isResult(t, await upload(port, [star]));
  t.strictSame(result.labels, ['star']);
  t.equal(result.error_boxes.length, shapes.objects.length - 1);
  const ignored = isResult(t, await upload(port, [{ ...star, ignore_pattern: 'star' }]));
  t.strictSame(ignored.labels, [], 'ignore_pattern is honoured');
});

t.test('first generation: URLs without zones; the client reads the top', async (t) => {
  const { port, urls, frames } = await setUp(t);
  const body = { urls: urls('snapshot', 'alarm', '1'), zm_auth: 'token=abc', verify_ssl: true };
  const reply = isUrlsReply(t, await postJson(port, '/detect_urls', body), 'snapshot', 'alarm');
  t.equal(reply.frame_id, 'alarm', 'most detections');
  holds(t, reply, shapes.objects, 'top');
  t.equal(frames.requests[0]?.url, '/zm/index.php?view=image&eid=7&fid=snapshot&token=abc');
});

t.test('first generation: URLs with zones are filtered at the top', async (t) => {
  const { port, urls } = await setUp(t);
  const zones = [{ ...star, pattern: 'star' }];
  const body = { urls: urls('snapshot', 'alarm'), zm_auth: '', verify_ssl: true, zones };
  const reply = isUrlsReply(t, await postJson(port, '/detect_urls', body), 'snapshot', 'alarm');
  t.equal(reply.frame_id, 'alarm');
  t.strictSame(reply.labels, ['star']);
  t.equal(reply.error_boxes.length, shapes.objects.length - 1);
});

t.test('second generation: an upload is the file alone, and answered raw', async (t) => {
  const { port } = await setUp(t);
  const result = isResult(t, await upload(port));
  t.strictSame(result.error_boxes, []);
  t.equal(result.detection_types.length, result.labels.length);
});

t.test('second generation: every frame is in `results`, also after one with a detection', async (t) => {
  const { port, urls } = await setUp(t);
  const body = { urls: urls('snapshot', 'alarm', '1'), zm_auth: '', verify_ssl: false };
  const reply = isUrlsReply(t, await postJson(port, '/detect_urls', body), 'snapshot', 'alarm');
  const [snapshot, alarm] = reply.results;
  t.strictSame(snapshot?.image_dimensions, { original: [circles.height, circles.width], resized: null });
  t.equal(alarm?.labels.length, shapes.objects.length);
});

/** What the third generation sends besides `urls`, `zm_auth` and `verify_ssl`, in its order. */
const controls = {
  stop_on_match: false,
  contig_frames_before_error: 5,
  max_attempts: 1,
  sleep_between_attempts: 3,
  min_confidence: 0.3,
  pattern: '.*',
  zones: [] as readonly unknown[],
};

t.test('third generation: ten keys, no zones', async (t) => {
  const { port, urls } = await setUp(t);
  const body = { urls: urls('snapshot', 'alarm'), zm_auth: '', verify_ssl: true, ...controls };
  const reply = isUrlsReply(t, await postJson(port, '/detect_urls', body), 'snapshot', 'alarm');
  t.ok(reply.results.every((result) => result.error_boxes.length === 0));
});

t.test(
  'third generation: it stops where a zone has a detection, and zones remove nothing from `results`',
  async (t) => {
    const { port, urls } = await setUp(t);
    const asked = { urls: urls('snapshot', 'alarm', 'snapshot'), zm_auth: '', verify_ssl: true };
    const body = { ...asked, ...controls, stop_on_match: true, zones: [{ ...star, pattern: 'star' }] };
    const reply = isUrlsReply(t, await postJson(port, '/detect_urls', body), 'snapshot', 'alarm');
    t.equal(reply.results[1]?.labels.length, shapes.objects.length);
  },
);

t.test('third generation: missing frames are retried, and end the request after five in a row', async (t) => {
  const { port, urls, frames } = await setUp(t);
  const retry = { ...controls, max_attempts: 3, sleep_between_attempts: 0 };
  const late = { urls: urls('missing-2-alarm'), zm_auth: '', verify_ssl: true, ...retry };
  isUrlsReply(t, await postJson(port, '/detect_urls', late), 'missing-2-alarm');
  t.equal(frames.requests.length, 3);
  const gone = { urls: urls('1', '2', '3', '4', '5', 'alarm'), zm_auth: '', verify_ssl: true, ...controls };
  isUrlsReply(t, await postJson(port, '/detect_urls', gone));
});

t.test('third generation: its threshold and pattern come on top', async (t) => {
  const { port, urls } = await setUp(t);
  const body = { urls: urls('alarm'), zm_auth: '', verify_ssl: true, ...controls, pattern: '(star|circle)' };
  const reply = isUrlsReply(t, await postJson(port, '/detect_urls', body), 'alarm');
  t.strictSame([...(reply.results[0]?.labels ?? [])].sort(), ['circle', 'star']);
});

t.test('every generation: no frame to be had is 200 and empty', async (t) => {
  const { port, urls } = await setUp(t);
  for (const extra of [{}, { zones: [star] }, controls]) {
    const body = { urls: urls('1', 'error', 'login'), zm_auth: '', verify_ssl: true, ...extra };
    const reply = isUrlsReply(t, await postJson(port, '/detect_urls', body));
    t.match(reply, { labels: [], boxes: [], frame_id: null, image_dimensions: {} });
    t.notOk('image' in reply);
  }
});
