import t from 'tap';

import { type Reply, startDaemon, type TestDaemon } from '../support/daemon.js';
import { exchange, head } from '../support/raw-http.js';
import { holds, iou, picture, pictures, resultKeys, resultOf, zoneAround } from '../support/shapes.js';

const shapes = picture('shapes-10');
const star = shapes.objects.find(({ label }) => label === 'star');
const starZone = zoneAround(star?.box ?? [0, 0, 0, 0]);

function detect(daemon: TestDaemon, zones?: unknown, bytes = shapes.bytes): Promise<Reply> {
  return daemon.upload({ ...(zones === undefined ? {} : { zones: JSON.stringify(zones) }), file: bytes });
}

t.test('an uploaded picture is answered with what is in it', async (t) => {
  const daemon = await startDaemon(t);
  for (const beginning of ['shapes-03', 'shapes-05', 'shapes-08', 'shapes-10']) {
    const { bytes, objects } = picture(beginning);
    const { status, json } = await detect(daemon, undefined, bytes);
    t.equal(status, 200);
    holds(t, resultOf(json), objects, beginning);
  }
});

t.test('pictures of every size and shape are read, and nearly everything in them is found', async (t) => {
  const daemon = await startDaemon(t);
  let there = 0;
  let found = 0;
  for (const { name, bytes, width, height, objects } of pictures) {
    const result = resultOf((await detect(daemon, undefined, bytes)).json);
    t.strictSame(result.image_dimensions, { original: [height, width], resized: null }, `${name}: height first`);
    there += objects.length;
    found += objects.filter(({ label, box }) =>
      result.boxes.some((other, i) => result.labels[i] === label && iou(other, box) >= 0.5),
    ).length;
  }
  t.ok(found >= 0.9 * there, `${found} of ${there}`);
});

t.test('the result has its keys in order, and parallel lists', async (t) => {
  const daemon = await startDaemon(t);
  const { text, json, headers } = await detect(daemon);
  const result = resultOf(json);
  t.strictSame(Object.keys(result), resultKeys);
  t.equal(headers.get('content-type'), 'application/json');
  t.equal(text, JSON.stringify(json), 'compact');
  t.equal(result.frame_id, 'single');
  t.ok(result.boxes.flat().every(Number.isInteger), 'whole pixels');
  t.strictSame(
    [...result.confidences].sort((a, b) => b - a),
    result.confidences,
    'best first',
  );
  t.ok(result.confidences.every((value) => Math.fround(value) === value, 'not rounded'));
  t.ok(result.model_names.every((name) => name === 'default'));
  t.ok(result.detection_types.every((type) => type === 'object'));
  t.strictSame([result.error_boxes, result.polygons], [[], []]);
});

t.test('zones are applied if and only if the form has some', async (t) => {
  const daemon = await startDaemon(t);
  const all = resultOf((await detect(daemon)).json);
  const inZone = resultOf((await detect(daemon, [starZone])).json);
  t.strictSame(inZone.labels, ['star']);
  t.equal(inZone.error_boxes.length, all.boxes.length - 1, 'the others are told as rejected');
  t.strictSame(resultOf((await detect(daemon, [])).json), all, 'an empty list');
  t.strictSame(resultOf((await daemon.upload({ zones: '', file: shapes.bytes })).json), all, 'an empty field');
});

t.test('a zone may ask for labels, and ignore labels', async (t) => {
  const daemon = await startDaemon(t);
  const everywhere = zoneAround([0, 0, shapes.width, shapes.height]);
  const labels = async (fields: object) => {
    const result = resultOf((await detect(daemon, [{ ...everywhere, ...fields }])).json);
    return [...new Set(result.labels)].sort();
  };
  t.strictSame(await labels({ pattern: '(star|squ)' }), ['square', 'star']);
  t.strictSame(await labels({ ignore_pattern: 'c|t' }), ['square', 'star']);
  t.strictSame(await labels({ pattern: 'tar' }), [], 'patterns are matched from the start');
  t.strictSame(await labels({ value: null, points: everywhere.value }), [], '`value` wins where the key exists');
});

t.test('zones sent as a file are zones', async (t) => {
  const daemon = await startDaemon(t);
  const send = async (...zones: (string | Blob)[]) => {
    const body = new FormData();
    for (const part of zones) {
      if (typeof part === 'string') body.append('zones', part);
      else body.append('zones', part, 'zones.json');
    }
    body.append('file', new Blob([shapes.bytes]), 'a.jpg');
    return await daemon.request('POST', '/detect', { body });
  };
  const file = new Blob([JSON.stringify([starZone])], { type: 'application/json' });
  t.strictSame(resultOf((await send(file)).json).labels, ['star']);
  t.match((await send(new Blob(['no']))).json, { detail: /^Invalid zones JSON: Expecting value/ });
  t.match((await send('[]', file)).json, { detail: /expected one part "zones", got a field and a file/ });
  t.match((await send(new Blob([' '.repeat(1024 * 1024 + 1)]))).json, { detail: /^Part exceeded maximum size/ });
});

t.test('zones are read before a model runs', async (t) => {
  const daemon = await startDaemon(t);
  const answer = await daemon.upload({ zones: '[{"coords": [[0,0],[1,0],[1,1]]}]', file: picture('shapes-01').bytes });
  t.equal(answer.status, 400);
  t.notMatch((await daemon.get('/metrics')).text, /zmdetect_model_pictures_total\{.*\} [1-9]/);
  await daemon.upload({ file: picture('shapes-01').bytes });
  t.match((await daemon.get('/metrics')).text, /zmdetect_model_pictures_total\{.*\} 1/);
  t.match(answer.json, { detail: /expected the corners of zone 0 under "value" or "points", got them under "coords"/ });
});

t.test('other fields are ignored, and of two files the last one wins', async (t) => {
  const daemon = await startDaemon(t);
  const body = new FormData();
  body.append('note', 'hello');
  body.append('file', new Blob([new Uint8Array(3)]), 'a.jpg');
  body.append('image', new Blob([new Uint8Array(3)]), 'b.jpg');
  body.append('file', new Blob([shapes.bytes]), 'c.jpg');
  const { status, json } = await daemon.request('POST', '/detect', { body });
  t.equal(status, 200);
  holds(t, resultOf(json), shapes.objects, 'the last file');
});

t.test("the part's name counts, not its filename or type", async (t) => {
  const daemon = await startDaemon(t);
  for (const [filename, type] of [
    ['кадр.bin', 'text/html'],
    ['../../etc/passwd', 'image/png'],
    ['', 'application/octet-stream'],
  ]) {
    const part = `Content-Disposition: form-data; name="file"; filename="${filename}"\r\nContent-Type: ${type}`;
    const body = Buffer.concat([
      Buffer.from(`--b\r\n${part}\r\n\r\n`),
      Buffer.from(shapes.bytes),
      Buffer.from('\r\n--b--\r\n'),
    ]);
    const form = { 'Content-Type': 'multipart/form-data; boundary=b', 'Content-Length': body.length };
    const { status, json } = await exchange(daemon.port, head('POST /detect', form), body);
    t.equal(status, 200, `${filename} ${type}`);
    t.equal(resultOf(json).labels.length, shapes.objects.length);
  }
});

t.test('a server without models sees nothing', async (t) => {
  const daemon = await startDaemon(t, { models: [] });
  const { status, json } = await detect(daemon);
  t.equal(status, 200);
  t.match(json, { boxes: [], labels: [], image_dimensions: { original: [shapes.height, shapes.width] } });
});
