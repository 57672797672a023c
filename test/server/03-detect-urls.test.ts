import t, { type Test } from 'tap';

import { type Settings, startDaemon } from '../support/daemon.js';
import { selfSigned } from '../support/certificate.js';
import { FrameServer, type FrameServerOptions } from '../support/frame-server.js';
import { holds, picture, resultKeys, urlsReplyOf, zoneAround } from '../support/shapes.js';

const circles = picture('shapes-05');
const many = picture('shapes-08');
const mixed = picture('shapes-10');
const pictures = { circles: circles.bytes, many: many.bytes, mixed: mixed.bytes };
/** Takes labels that match, wherever they are. */
const anywhere = (pattern: string) => zoneAround([0, 0, 5000, 5000], { pattern });
const certificate = selfSigned();

async function setUp(t: Test, settings: Settings = {}, options: Partial<FrameServerOptions> = {}) {
  const frames = await FrameServer.start({ pictures, ...options });
  t.teardown(() => frames.close());
  const daemon = await startDaemon(t, settings);
  /** Asks for these frames; each one's name is its frame id. */
  const ask = async (fids: readonly string[], fields: Readonly<Record<string, unknown>> = {}) => {
    const urls = fids.map((fid) => ({ frame_id: fid, url: frames.urlOf(fid) }));
    const answer = await daemon.post('/detect_urls', { urls, ...fields });
    return { ...answer, reply: urlsReplyOf(answer.json) };
  };
  const framesOf = (reply: { results: readonly { frame_id: string | null }[] }) =>
    reply.results.map((result) => result.frame_id);
  return { daemon, frames, ask, framesOf };
}

t.test('every frame is in `results` in the order asked, and the best one at the top', async (t) => {
  const { ask, framesOf } = await setUp(t);
  const { status, reply } = await ask(['circles', 'many', 'mixed', 'circles']);
  t.equal(status, 200);
  t.strictSame(Object.keys(reply), [...resultKeys, 'results']);
  t.strictSame(framesOf(reply), ['circles', 'many', 'mixed', 'circles']);
  for (const result of reply.results) t.strictSame(Object.keys(result), resultKeys);
  for (const [i, { objects, width, height }] of [circles, many, mixed].entries()) {
    const result = reply.results[i];
    if (result === undefined) return t.fail(`frame ${i} is missing`);
    holds(t, result, objects, `frame ${i}`);
    t.strictSame(result.image_dimensions, { original: [height, width], resized: null });
  }
  const { results, ...best } = reply;
  t.ok(best.frame_id === 'many' || best.frame_id === 'mixed', 'most detections');
  t.strictSame(
    results.find(({ frame_id: id }) => id === best.frame_id),
    best,
    'the same result',
  );
});

t.test('of equal frames the first wins', async (t) => {
  const { daemon, frames } = await setUp(t);
  const url = frames.urlOf('circles');
  const urls = ['a', 'b', 'c'].map((id) => ({ frame_id: id, url }));
  t.equal(urlsReplyOf((await daemon.post('/detect_urls', { urls })).json).frame_id, 'a');
});

t.test('zones decide the top and leave `results` alone', async (t) => {
  const { ask } = await setUp(t);
  const { reply } = await ask(['mixed', 'circles'], { zones: [anywhere('circle')] });
  t.equal(reply.frame_id, 'circles', 'two circles are more than one');
  t.strictSame(reply.labels, ['circle', 'circle']);
  t.strictSame(reply.error_boxes, []);
  t.equal(reply.results[0]?.labels.length, mixed.objects.length);
  t.strictSame(reply.results[0]?.error_boxes, []);

  const rejected = (await ask(['mixed'], { zones: [anywhere('star')] })).reply;
  t.strictSame(rejected.labels, ['star']);
  t.equal(rejected.error_boxes.length, mixed.objects.length - 1, 'what zones reject is told at the top');
});

t.test('frame ids come back as text, in the way of Python', async (t) => {
  const { daemon, frames } = await setUp(t);
  const url = frames.urlOf('circles');
  const ids = ['snapshot', 7, null, true, false, 1.5, '', '007'];
  const urls = [...ids.map((id) => ({ frame_id: id, url })), { url }];
  const reply = urlsReplyOf((await daemon.post('/detect_urls', { urls })).json);
  t.strictSame(
    reply.results.map((result) => result.frame_id),
    ['snapshot', '7', 'None', 'True', 'False', '1.5', '', '007', ''],
  );
});

t.test('frames that cannot be had are left out, and logged with their id', async (t) => {
  const { daemon, ask, framesOf } = await setUp(t);
  const bad = ['missing', 'error', 'login', 'empty', 'hangup-mixed', 'redirect-loop'];
  const { status, reply } = await ask(['circles', ...bad, 'mixed']);
  t.equal(status, 200);
  t.strictSame(framesOf(reply), ['circles', 'mixed']);
  for (const id of bad) t.equal(daemon.logged({ msg: 'frame skipped', frame_id: id }).length, 1, id);
});

t.test('hosts that do not answer and URLs that are none are left out', async (t) => {
  const { daemon, frames } = await setUp(t);
  const urls = [
    { frame_id: 'dead', url: 'http://127.0.0.1:1/x.jpg' },
    { frame_id: 'scheme', url: 'file:///etc/passwd' },
    { frame_id: 'text', url: 'no url' },
    { frame_id: 'metadata', url: 'http://169.254.169.254/latest/meta-data' },
    { frame_id: 'here', url: frames.urlOf('circles') },
  ];
  const reply = urlsReplyOf((await daemon.post('/detect_urls', { urls })).json);
  t.strictSame(
    reply.results.map((result) => result.frame_id),
    ['here'],
  );
});

t.test('entries without a URL are passed over', async (t) => {
  const { daemon, frames } = await setUp(t);
  const urls = [{ frame_id: 'a' }, { frame_id: 'b', url: '' }, { frame_id: 'c', url: frames.urlOf('circles') }, {}];
  const reply = urlsReplyOf((await daemon.post('/detect_urls', { urls })).json);
  t.strictSame(
    reply.results.map((result) => result.frame_id),
    ['c'],
  );
});

t.test('when no frame can be had the answer is 200 and empty', async (t) => {
  const { ask } = await setUp(t);
  const { status, json } = await ask(['missing', 'error']);
  t.equal(status, 200);
  t.strictSame(json, {
    boxes: [],
    labels: [],
    confidences: [],
    frame_id: null,
    image_dimensions: {},
    error_boxes: [],
    model_names: [],
    detection_types: [],
    polygons: [],
    results: [],
  });
});

t.test('credentials are appended to the URL, and not again after a redirect', async (t) => {
  const { ask, frames, framesOf } = await setUp(t);
  const { reply } = await ask(['redirect-circles'], { zm_auth: 'token=SECRET' });
  t.strictSame(framesOf(reply), ['redirect-circles']);
  const [first, second] = frames.requests;
  t.match(first?.url, /&fid=redirect-circles&token=SECRET$/);
  t.notMatch(second?.url, /SECRET/);
});

const skip = certificate === undefined ? 'there is no openssl command' : false;
t.test('a certificate of no authority is refused unless the request says otherwise', { skip }, async (t) => {
  const { ask, daemon, framesOf } = await setUp(t, {}, { certificate });
  t.strictSame((await ask(['circles'])).reply.results, [], 'verify_ssl is true by default');
  t.match(daemon.logged({ msg: 'frame skipped' }), [{ kind: 'tls' }]);
  t.strictSame((await ask(['circles'], { verify_ssl: true })).reply.results, []);
  t.strictSame(framesOf((await ask(['circles'], { verify_ssl: false })).reply), ['circles']);
});

t.test('stop_on_match ends at the first frame with a detection that zones keep', async (t) => {
  const { ask, framesOf } = await setUp(t);
  const asked = ['circles', 'mixed', 'many'];
  const all = await ask(asked, { zones: [anywhere('square')] });
  t.strictSame(framesOf(all.reply), asked, 'absent means no');
  const { reply } = await ask(asked, { zones: [anywhere('square')], stop_on_match: true });
  t.strictSame(framesOf(reply), ['circles', 'mixed']);
  t.equal(reply.frame_id, 'mixed');
  t.strictSame(framesOf((await ask(asked, { stop_on_match: true })).reply), ['circles']);
});

t.test('min_confidence and pattern thin out every list', async (t) => {
  const { ask } = await setUp(t);
  const { reply } = await ask(['mixed', 'many'], { pattern: 's(tar|quare)' });
  t.strictSame([...new Set(reply.results.flatMap(({ labels }) => labels))].sort(), ['square', 'star']);
  const strict = await ask(['mixed'], { min_confidence: 1 });
  t.strictSame(strict.reply.results[0]?.labels, []);
  t.equal(strict.reply.frame_id, 'mixed', 'the frame itself stays');
  const lower = await ask(['mixed'], { min_confidence: 0 });
  t.strictSame(lower.reply, (await ask(['mixed'])).reply, "the server's own threshold stays");
});

t.test('a frame that is not there yet is asked for again', async (t) => {
  const { ask, frames, framesOf } = await setUp(t);
  const { reply } = await ask(['missing-2-circles'], { max_attempts: 3, sleep_between_attempts: 0 });
  t.strictSame(framesOf(reply), ['missing-2-circles']);
  t.equal(frames.requests.length, 3);
  const once = await ask(['missing-1-mixed']);
  t.strictSame(once.reply.results, [], 'one attempt by default');
});

t.test('too many missing frames in a row end the request', async (t) => {
  const { ask, framesOf } = await setUp(t);
  const fids = ['circles', 'missing', 'error', 'missing', 'missing', 'mixed'];
  const found = async (fields: Readonly<Record<string, unknown>>) => framesOf((await ask(fids, fields)).reply);
  t.strictSame(await found({}), ['circles', 'mixed'], 'absent means never');
  t.strictSame(await found({ contig_frames_before_error: 3 }), ['circles', 'mixed'], 'another answer starts anew');
  t.strictSame(await found({ contig_frames_before_error: 2 }), ['circles']);
});

t.test('the time for one request is limited; what is there by then is answered', async (t) => {
  const { ask, daemon, framesOf } = await setUp(t, { request_timeout_seconds: 3, fetch_concurrency: 1 });
  const { status, reply } = await ask(['circles', 'delay-60000-mixed']);
  t.equal(status, 200);
  t.strictSame(framesOf(reply), ['circles']);
  t.match(daemon.logText, /the time for one request is over: answered with 1 of 2 frames/);
});

t.test('a frame that stays silent is given up after the configured time', async (t) => {
  const { ask, daemon, framesOf } = await setUp(t, { fetch_timeout_seconds: 1 });
  const { reply } = await ask(['stall-mixed', 'delay-60000-mixed', 'circles']);
  t.strictSame(framesOf(reply), ['circles']);
  t.equal(daemon.logged({ msg: 'frame skipped', frame_id: 'stall-mixed', kind: 'too-slow' }).length, 1);
  t.equal(daemon.logged({ msg: 'frame skipped', frame_id: 'delay-60000-mixed', kind: 'timeout' }).length, 1);
});

t.test('frames of one request are fetched side by side, within the configured number', async (t) => {
  const { ask, frames } = await setUp(t, { fetch_concurrency: 2 });
  const { reply } = await ask(Array.from({ length: 6 }, () => 'delay-100-circles'));
  t.equal(reply.results.length, 6);
  t.equal(frames.mostAtOnce, 2);
});

t.test('an answer that takes longer than a quarter of a minute still comes', async (t) => {
  const { ask, framesOf } = await setUp(t, { fetch_timeout_seconds: 40 });
  const { reply } = await ask(['delay-15000-circles']);
  t.strictSame(framesOf(reply), ['delay-15000-circles']);
});
