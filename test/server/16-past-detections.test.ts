import { readdirSync } from 'node:fs';
import t, { type Test } from 'tap';

import { embeddedModel, startDaemon } from '../support/daemon.js';
import { FrameServer } from '../support/frame-server.js';
import { picture, resultOf, urlsReplyOf, zoneAround } from '../support/shapes.js';

const circles = picture('shapes-05');
const mixed = picture('shapes-10');

function watched(t: Test, fields: Readonly<Record<string, unknown>> = { match_past_detections: true }) {
  const folder = t.testdir({});
  const models = [{ name: 'yard', weights: embeddedModel }];
  const config = { image_path: folder, monitor_id: '7', models, ...fields };
  return startDaemon(t, { detector_config: config }).then((daemon) => ({ daemon, folder }));
}

t.test('what stays where it was is reported once', async (t) => {
  const { daemon, folder } = await watched(t);
  const labels = async ({ bytes }: typeof mixed) => resultOf((await daemon.upload({ file: bytes })).json).labels;
  t.equal((await labels(mixed)).length, mixed.objects.length);
  t.strictSame(await labels(mixed), []);
  t.ok((await labels(circles)).length > 0, 'another scene is new');
  t.equal((await labels(mixed)).length, mixed.objects.length, 'and so is the first one after it');
  t.strictSame(readdirSync(folder), ['past_detections_mid7.pkl']);
  t.notMatch(daemon.logText, /match_past_detections/);
});

t.test('a model type may be compared alone', async (t) => {
  const { daemon } = await watched(t, { type_overrides: { object: { match_past_detections: true } } });
  await daemon.upload({ file: mixed.bytes });
  t.strictSame(resultOf((await daemon.upload({ file: mixed.bytes })).json).labels, []);
  const { daemon: other } = await watched(t, {
    match_past_detections: true,
    type_overrides: { object: { match_past_detections: false } },
  });
  await other.upload({ file: mixed.bytes });
  t.equal(resultOf((await other.upload({ file: mixed.bytes })).json).labels.length, mixed.objects.length);
});

t.test('zones come first: what they reject is in error_boxes every time and is not remembered', async (t) => {
  const { daemon } = await watched(t);
  const star = mixed.objects.find(({ label }) => label === 'star');
  if (star === undefined) return t.fail('the picture has a star');
  const zones = JSON.stringify([zoneAround(star.box, { pattern: 'star' })]);
  const look = async () => resultOf((await daemon.upload({ file: mixed.bytes, zones })).json);
  const [first, second] = [await look(), await look()];
  t.strictSame(first.labels, ['star']);
  t.strictSame(second.labels, []);
  t.equal(first.error_boxes.length, mixed.objects.length - 1);
  t.strictSame(second.error_boxes, first.error_boxes);
  const rest = resultOf((await daemon.upload({ file: mixed.bytes })).json);
  t.equal(rest.labels.length, mixed.objects.length - 1, 'only the star is known');
});

t.test('/detect_urls compares frame by frame, at the top as in results', async (t) => {
  const frames = await FrameServer.start({ pictures: { mixed: mixed.bytes, again: mixed.bytes } });
  t.teardown(() => frames.close());
  const { daemon } = await watched(t);
  const urls = ['mixed', 'again'].map((fid) => ({ frame_id: fid, url: frames.urlOf(fid) }));
  const look = async (fields = {}) => urlsReplyOf((await daemon.post('/detect_urls', { urls, ...fields })).json);
  const first = await look();
  t.equal(first.frame_id, 'mixed');
  t.strictSame(
    first.results.map(({ labels }) => labels.length),
    [mixed.objects.length, 0],
  );
  t.equal(first.labels.length, mixed.objects.length);
  const second = await look({ stop_on_match: true });
  t.strictSame(second.labels, []);
  t.strictSame(
    second.results.map(({ labels }) => labels.length),
    [0, 0],
    'what is old stops nothing',
  );
});

t.test('requests at the same time are compared one after the other', async (t) => {
  const { daemon } = await watched(t);
  const replies = await Promise.all(Array.from({ length: 6 }, () => daemon.upload({ file: mixed.bytes })));
  const counts = replies.map(({ json }) => resultOf(json).labels.length);
  t.strictSame(
    counts.filter((count) => count > 0),
    [mixed.objects.length],
    'one of them is the first',
  );
});

t.test('/infer never compares', async (t) => {
  const { daemon } = await watched(t);
  await daemon.upload({ file: mixed.bytes });
  const body = new FormData();
  body.append('type', 'object');
  body.append('image', new Blob([mixed.bytes]), 'image.jpg');
  const { json } = await daemon.request('POST', '/infer', { body });
  t.equal((json as { detections: unknown[] }).detections.length, mixed.objects.length);
});
