import { setTimeout as wait } from 'node:timers/promises';
import t, { type Test } from 'tap';

import { startDaemon, type TestDaemon } from '../support/daemon.js';
import { chunk, exchange, head, RawConnection } from '../support/raw-http.js';
import { picture, resultOf } from '../support/shapes.js';

const { bytes: jpeg } = picture('shapes-05');
const json = { 'Content-Type': 'application/json' };
const form = { 'Content-Type': 'multipart/form-data; boundary=b' };

function post(daemon: TestDaemon, path: string, headers: Readonly<Record<string, string>>, body: string | Uint8Array) {
  const length = Buffer.byteLength(body);
  return exchange(daemon.port, head(`POST ${path}`, { ...headers, 'Content-Length': length }), body);
}

const missing = (...loc: string[]) =>
  JSON.stringify({ detail: [{ type: 'missing', loc: ['body', ...loc], msg: 'Field required', input: null }] });
const dictType = (input: unknown) =>
  JSON.stringify({
    detail: [{ type: 'dict_type', loc: ['body'], msg: 'Input should be a valid dictionary', input }],
  });
const jsonInvalid = (offset: number, error: string) =>
  JSON.stringify({
    detail: [{ type: 'json_invalid', loc: ['body', offset], msg: 'JSON decode error', input: {}, ctx: { error } }],
  });

for (const path of ['/login', '/detect_urls']) {
  t.test(`${path}: what is no JSON object is 422`, async (t) => {
    const daemon = await startDaemon(t);
    const is422 = async (headers: Readonly<Record<string, string>>, body: string, expected: string) => {
      const answer = await post(daemon, path, headers, body);
      t.equal(answer.status, 422, body.slice(0, 40));
      t.equal(answer.headers['content-type'], 'application/json');
      t.equal(answer.body, expected);
    };
    await is422(json, '', missing());
    await is422({}, '', missing());
    await is422(json, '{', jsonInvalid(1, 'Expecting property name enclosed in double quotes'));
    await is422(json, '{"a":}', jsonInvalid(5, 'Expecting value'));
    await is422(json, '{"a": 1} x', jsonInvalid(9, 'Extra data'));
    await is422(json, '[1]', dictType([1]));
    await is422(json, '"text"', dictType('text'));
    await is422(json, '5', dictType(5));
    await is422({ 'Content-Type': 'text/plain' }, '{"a": 1}', dictType('{"a": 1}'));
    await is422({}, '{"a": 1}', dictType('{"a": 1}'));
    await is422({ 'Content-Type': 'application/x-www-form-urlencoded' }, 'urls=x', dictType('urls=x'));
  });

  t.test(`${path}: no body at all is 422`, async (t) => {
    const daemon = await startDaemon(t);
    const { status, body } = await exchange(daemon.port, head(`POST ${path}`));
    t.equal(status, 422);
    t.equal(body, missing());
  });

  t.test(`${path}: nesting without end is refused, in whatever place`, async (t) => {
    const daemon = await startDaemon(t);
    const deep = '['.repeat(100_000) + ']'.repeat(100_000);
    for (const body of [deep, `{"urls":${deep}}`, `{"pattern":${deep}}`, '{"a":'.repeat(100_000)]) {
      const answer = await post(daemon, path, json, body);
      t.equal(answer.status, 422);
      t.match(answer.json, { detail: [{ type: 'json_invalid', ctx: { error: /Nested deeper/ } }] });
    }
    t.equal((await daemon.get('/health')).status, 200);
  });
}

t.test('JSON comes under any of its names, with a byte order mark or without', async (t) => {
  const daemon = await startDaemon(t);
  for (const type of ['application/json; charset=utf-8', 'application/problem+json', 'APPLICATION/JSON']) {
    t.equal((await post(daemon, '/login', { 'Content-Type': type }, '{}')).status, 200, type);
  }
  t.equal((await post(daemon, '/login', json, '\uFEFF{}')).status, 200);
});

t.test('/detect: a missing part is 422', async (t) => {
  const daemon = await startDaemon(t);
  const bodies: ReadonlyArray<readonly [what: string, headers: Record<string, string>, body: string | Uint8Array]> = [
    ['another part', form, '--b\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\nx\r\n--b--\r\n'],
    ['a form without parts', form, '--b--\r\n'],
    ['nothing', {}, ''],
    ['JSON', json, '{"file": "x"}'],
    ['a raw picture', { 'Content-Type': 'image/jpeg' }, jpeg],
  ];
  for (const [what, headers, body] of bodies) {
    const answer = await post(daemon, '/detect', headers, body);
    t.equal(answer.status, 422, what);
    t.equal(answer.body, missing('file'));
  }
});

t.test('/detect: a file sent as a plain field is 422', async (t) => {
  const daemon = await startDaemon(t);
  const { status, text } = await daemon.upload({ file: 'a picture' });
  t.equal(status, 422);
  t.equal(
    text,
    '{"detail":[{"type":"value_error","loc":["body","file"],' +
      '"msg":"Value error, Expected UploadFile, received: <class \'str\'>","input":"a picture","ctx":{"error":{}}}]}',
  );
});

t.test('/detect: malformed multipart is 400', async (t) => {
  const daemon = await startDaemon(t);
  const part = '--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n';
  const none = await post(daemon, '/detect', { 'Content-Type': 'multipart/form-data' }, `${part}x\r\n--b--\r\n`);
  t.equal(none.status, 400);
  t.equal(none.body, '{"detail":"Missing boundary in multipart."}');
  const bodies: ReadonlyArray<readonly [what: string, body: string | Uint8Array]> = [
    ['no part at all', 'hello'],
    ['a part without an end', `${part}x`],
    ['another boundary', `${part}x\r\n--b--\r\n`.replaceAll('--b', '--c')],
    ['nothing', ''],
    ['a thousand parts and more', `${part}x\r\n`.repeat(1100) + '--b--\r\n'],
  ];
  for (const [what, body] of bodies) {
    const answer = await post(daemon, '/detect', form, body);
    t.equal(answer.status, 400, what);
    t.equal(answer.body, '{"detail":"Invalid multipart data."}');
  }
});

t.test('/detect: a plain field has at most 1 MiB', async (t) => {
  const daemon = await startDaemon(t);
  const { status, text } = await daemon.upload({ zones: ' '.repeat(1024 * 1024 + 1), file: jpeg });
  t.equal(status, 400);
  t.equal(text, '{"detail":"Part exceeded maximum size of 1024KB."}');
  t.equal((await daemon.upload({ note: ' '.repeat(1024 * 1024), file: jpeg })).status, 200);
});

t.test('/detect: zones that are none are 400, with the reason', async (t) => {
  const daemon = await startDaemon(t);
  const rows: ReadonlyArray<readonly [zones: string, detail: RegExp]> = [
    ['not JSON', /^Invalid zones JSON: Expecting value \(char 0\)$/],
    ['[{', /^Invalid zones JSON: Expecting property name/],
    ['5', /^Invalid zones JSON: expected an array for zones, got 5$/],
    ['null', /^Invalid zones JSON: expected an array/],
    ['{"value": []}', /^Invalid zones JSON: expected an array/],
    ['["a"]', /^Invalid zones JSON: expected an object for zone 0/],
    ['[{"value": [[0, 0], [1, 1]]}]', /^Invalid zones JSON: expected no points or at least 3 for zone 0/],
    ['[{"value": [[0, 0], [1], [2, 2]]}]', /point 1 of zone 0/],
    ['[{"value": [[0, 0], ["x", 1], [2, 2]]}]', /point 1 of zone 0/],
    ['[{"value": "all"}]', /expected an array of points for zone 0/],
    ['[{"value": [], "pattern": 5}]', /expected text or null for pattern of zone 0, got 5/],
    ['[{"value": [], "pattern": "("}]', /^Invalid pattern \(/],
    [`[{"value": ${'['.repeat(5000)}`, /^Invalid zones JSON: Nested deeper/],
  ];
  for (const [zones, detail] of rows) {
    const answer = await daemon.upload({ zones, file: jpeg });
    t.equal(answer.status, 400, zones.slice(0, 40));
    t.match(answer.json, { detail });
  }
});

t.test('/detect_urls: urls that are none are 400', async (t) => {
  const daemon = await startDaemon(t);
  for (const body of [{}, ...[[], null, '', 0, false].map((urls) => ({ urls }))]) {
    const answer = await daemon.post('/detect_urls', body);
    t.equal(answer.status, 400, JSON.stringify(body));
    t.equal(answer.text, '{"detail":"No URLs provided"}');
  }
  for (const urls of ['http://a/', { url: 'http://a/' }, 5, true, ['http://a/'], [null], [5], [[]], [{ url: 5 }]]) {
    const answer = await daemon.post('/detect_urls', { urls });
    t.equal(answer.status, 400, JSON.stringify(urls));
    t.match(answer.json, { detail: /^Invalid urls: expected / });
  }
});

t.test('/detect_urls: an option of the wrong kind is 400 and named', async (t) => {
  const daemon = await startDaemon(t);
  const wrong: Readonly<Record<string, readonly unknown[]>> = {
    zm_auth: [5, {}, ['a']],
    verify_ssl: ['yes', 2, []],
    stop_on_match: ['no', 7],
    max_attempts: ['many', -1, {}],
    sleep_between_attempts: ['long', -1, 1000],
    contig_frames_before_error: ['few', -1],
    min_confidence: ['high', 2, -0.1, {}],
    pattern: [5, ['a']],
  };
  for (const [name, values] of Object.entries(wrong)) {
    for (const value of values) {
      const answer = await daemon.post('/detect_urls', { urls: [{ url: 'http://127.0.0.1:1/' }], [name]: value });
      t.equal(answer.status, 400, `${name}: ${JSON.stringify(value)}`);
      t.match(answer.json, { detail: new RegExp(`^expected .* for ${name}, got `) });
    }
  }
  const pattern = await daemon.post('/detect_urls', { urls: [{ url: 'http://127.0.0.1:1/' }], pattern: '(' });
  t.match(pattern.json, { detail: /^Invalid pattern \(/ });
});

t.test('/detect_urls: zones that are none are 400', async (t) => {
  const daemon = await startDaemon(t);
  for (const zones of [
    5,
    'all',
    {},
    ['a'],
    [{ value: [[0, 0]] }],
    [
      {
        value: [
          [0, 0],
          [1, 1],
        ],
      },
    ],
  ]) {
    const answer = await daemon.post('/detect_urls', { urls: [{ url: 'http://127.0.0.1:1/' }], zones });
    t.equal(answer.status, 400, JSON.stringify(zones));
    t.match(answer.json, { detail: /^Invalid zones JSON: expected / });
  }
});

t.test('a chunked body is read like any other', async (t) => {
  const daemon = await startDaemon(t);
  const chunked = { 'Transfer-Encoding': 'chunked' };
  const login = await exchange(
    daemon.port,
    head('POST /login', { ...json, ...chunked }),
    chunk('{"usern'),
    chunk('ame": "x"}'),
    chunk(''),
  );
  t.equal(login.status, 200);
  const none = await exchange(daemon.port, head('POST /login', { ...json, ...chunked }), chunk(''));
  t.equal(none.body, missing());
  const part = Buffer.from('--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n');
  const upload = await exchange(
    daemon.port,
    head('POST /detect', { ...form, ...chunked }),
    ...[part, jpeg.subarray(0, 5000), jpeg.subarray(5000), Buffer.from('\r\n--b--\r\n'), ''].map((piece) =>
      chunk(piece),
    ),
  );
  t.equal(upload.status, 200);
  t.equal(resultOf(upload.json).labels.length, 2);
});

t.test('a body may come slowly, and in whatever pieces', async (t) => {
  const daemon = await startDaemon(t);
  const connection = await RawConnection.open(daemon.port);
  t.teardown(() => connection.hangUp());
  const body = '{"username": "slow"}';
  connection.send(head('POST /login', { ...json, 'Content-Length': body.length }));
  for (const letter of body) {
    await wait(20);
    connection.send(letter);
  }
  t.equal((await connection.answer()).status, 200);
});

t.test('a client that waits for leave to send its body gets it', async (t) => {
  const daemon = await startDaemon(t);
  const connection = await RawConnection.open(daemon.port);
  t.teardown(() => connection.hangUp());
  connection.send(head('POST /login', { ...json, Expect: '100-continue', 'Content-Length': 2 }));
  t.equal((await connection.answer()).status, 100);
  connection.send('{}');
  t.equal((await connection.answer()).status, 200);
});

t.test('requests sent ahead on one connection are answered in order', async (t) => {
  const daemon = await startDaemon(t);
  const connection = await RawConnection.open(daemon.port);
  t.teardown(() => connection.hangUp());
  connection.send(
    head('GET /health'),
    head('POST /login', { ...json, 'Content-Length': 2 }),
    '{}',
    head('POST /detect', { ...json, 'Content-Length': 2 }),
    '{}',
    head('GET /nowhere'),
    head('GET /models'),
  );
  const answers = [];
  for (let i = 0; i < 5; i++) answers.push((await connection.answer()).status);
  t.strictSame(answers, [200, 200, 422, 404, 200]);
});

t.test('a connection serves on after a refused request', async (t) => {
  const daemon = await startDaemon(t);
  const connection = await RawConnection.open(daemon.port);
  t.teardown(() => connection.hangUp());
  const bad = 'hello';
  for (let i = 0; i < 3; i++) {
    connection.send(head('POST /detect', { ...form, 'Content-Length': bad.length }), bad);
    t.equal((await connection.answer()).status, 400);
    connection.send(head('GET /health'));
    t.equal((await connection.answer()).status, 200);
  }
});

t.test('a length that is no length, or one of two, ends the connection', async (t) => {
  const daemon = await startDaemon(t);
  const refused = async (t: Test, headers: Readonly<Record<string, string>>) => {
    const connection = await RawConnection.open(daemon.port);
    connection.send(head('POST /login', { ...json, ...headers }), '{}');
    t.equal((await connection.answer()).status, 400, JSON.stringify(headers));
    await connection.closed();
  };
  await refused(t, { 'Content-Length': 'abc' });
  await refused(t, { 'Content-Length': '-1' });
  await refused(t, { 'Content-Length': '2', 'Transfer-Encoding': 'chunked' });
  t.equal((await daemon.get('/health')).status, 200);
});

t.test('more bytes than declared are taken for the next request, and end the connection', async (t) => {
  const daemon = await startDaemon(t);
  const connection = await RawConnection.open(daemon.port);
  connection.send(
    head('POST /login', { ...json, 'Content-Length': 2 }),
    '{}{"username": "more"} is no request\r\n\r\n',
  );
  await connection.closed();
  t.equal((await daemon.get('/health')).status, 200);
});
