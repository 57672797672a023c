/** The bytes that the fourth generation's client sends to /infer, played over a socket (wire generations, 7.1 and 11.5). */
import t, { type Test } from 'tap';

import { startDaemon } from '../support/daemon.js';
import { FrameServer } from '../support/frame-server.js';
import { type RawAnswer, requests } from '../support/raw-http.js';
import { picture } from '../support/shapes.js';

const shapes = picture('shapes-10');
const boundary = '0123456789abcdef0123456789abcdef';

type Fields = readonly (readonly [name: string, value: string])[];

const post = (port: number, type: string, body: string | Uint8Array, token?: string) =>
  requests(port, '/infer', type, body, token);

/** URL mode: a urlencoded form. */
function form(port: number, fields: Fields, token?: string): Promise<RawAnswer> {
  const body = new URLSearchParams(fields.map(([name, value]): [string, string] => [name, value])).toString();
  return post(port, 'application/x-www-form-urlencoded', body, token);
}

/** Upload mode: text parts, then the picture, which the client sends as a PNG by name. */
function upload(port: number, fields: Fields, token?: string): Promise<RawAnswer> {
  const texts = fields.map(
    ([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  const file =
    `--${boundary}\r\nContent-Disposition: form-data; name="image"; filename="frame.png"\r\n` +
    'Content-Type: image/png\r\n\r\n';
  const parts = [...texts, file, shapes.bytes, `\r\n--${boundary}--\r\n`].map((part) => Buffer.from(part));
  return post(port, `multipart/form-data; boundary=${boundary}`, Buffer.concat(parts), token);
}

interface InferReply {
  readonly detections: readonly { readonly label: string; readonly confidence: number; readonly box: number[] }[];
  readonly error: string | null;
}

/** The frozen keys, and what the client reads of them. */
function isReply(t: Test, answer: RawAnswer): InferReply {
  t.equal(answer.status, 200);
  t.equal(answer.headers['content-type'], 'application/json');
  const reply = answer.json as InferReply;
  t.strictSame(Object.keys(reply), ['detections', 'error']);
  for (const detection of reply.detections) {
    t.strictSame(Object.keys(detection), ['label', 'confidence', 'box', 'type', 'model_name']);
    t.equal(detection.box.length, 4);
  }
  return reply;
}

const labels = ({ detections }: InferReply) => detections.map(({ label }) => label).sort();
const truth = shapes.objects.map(({ label }) => label).sort();

t.test('an upload with a threshold, as every release sends it', async (t) => {
  const { port } = await startDaemon(t);
  const fields: Fields = [
    ['type', 'object'],
    ['name', 'default'],
    ['min_confidence', '0.3'],
  ];
  const reply = isReply(t, await upload(port, fields));
  t.equal(reply.error, null);
  t.strictSame(labels(reply), truth);
});

t.test('an upload without one, and without a name', async (t) => {
  const { port } = await startDaemon(t);
  t.strictSame(
    labels(
      isReply(
        t,
        await upload(port, [
          ['type', 'object'],
          ['name', 'default'],
        ]),
      ),
    ),
    truth,
  );
  t.strictSame(
    labels(
      isReply(
        t,
        await upload(port, [
          ['type', 'object'],
          ['name', ''],
        ]),
      ),
    ),
    truth,
    'an empty name',
  );
  const strict = isReply(
    t,
    await upload(port, [
      ['type', 'object'],
      ['name', ''],
      ['min_confidence', '0.999'],
    ]),
  );
  t.ok(strict.detections.length < truth.length, 'the threshold of the request counts alone');
});

t.test('a URL in a urlencoded form, with and without a threshold', async (t) => {
  const frames = await FrameServer.start({ pictures: { alarm: shapes.bytes } });
  t.teardown(() => frames.close());
  const { port } = await startDaemon(t);
  const url: Fields = [
    ['url', frames.urlOf('alarm', 7)],
    ['zm_auth', 'token=abc'],
    ['verify_ssl', '0'],
  ];
  const asked: Fields = [
    ['type', 'object'],
    ['name', 'default'],
  ];
  t.strictSame(labels(isReply(t, await form(port, [...asked, ['min_confidence', '0.3'], ...url]))), truth);
  t.strictSame(labels(isReply(t, await form(port, [...asked, ...url]))), truth);
  t.match(frames.requests[0], { url: /&token=abc$/ }, 'the credentials are appended');
});

t.test('a model that is not there, and a frame that cannot be fetched, are told in `error`', async (t) => {
  const { port } = await startDaemon(t);
  const unknown = isReply(
    t,
    await upload(port, [
      ['type', 'object'],
      ['name', 'Default'],
    ]),
  );
  t.match(unknown, { detections: [], error: /no model.*Default/ });
  const dead = isReply(
    t,
    await form(port, [
      ['type', 'object'],
      ['name', ''],
      ['url', 'http://127.0.0.1:9/x'],
    ]),
  );
  t.match(dead, { detections: [], error: /\w/ });
});

t.test('a token is asked for, and taken', async (t) => {
  const daemon = await startDaemon(t, { auth_enabled: true, auth_password: 'p', token_secret: 's'.repeat(40) });
  const fields: Fields = [['type', 'object']];
  const refused = await upload(daemon.port, fields);
  t.equal(refused.status, 401);
  t.strictSame(refused.json, { detail: 'Not authenticated' });
  const login = await fetch(`${daemon.url}/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"username": "admin", "password": "p"}',
  });
  const { access_token: token } = (await login.json()) as { access_token: string };
  t.strictSame(labels(isReply(t, await upload(daemon.port, fields, token))), truth);
});
