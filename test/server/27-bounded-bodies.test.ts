/** What a body may cost: bytes, parts, values, and what is repeated of it. */
import t from 'tap';

import { limits } from '../../src/limits.js';
import { ByteCollector } from '../../src/server/byte-collector.js';
import { ReadPace } from '../../src/server/http/read-pace.js';
import { JsonFault, parseJson } from '../../src/server/json.js';
import { repeatable } from '../../src/server/validation.js';
import { Connections } from '../../src/server/http/connections.js';
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { onNodeOnly, startDaemon } from '../support/daemon.js';
import { exchange, head, RawConnection } from '../support/raw-http.js';
import { picture } from '../support/shapes.js';

const { bytes: jpeg } = picture('shapes-05');

t.test('JSON is limited by its values before one is built', async (t) => {
  const most = limits.jsonValues.value;
  const list = (count: number) => `[${'[],'.repeat(count / 2)}[]]`;
  t.doesNotThrow(() => parseJson(list(most - 10)));
  const texts = [
    list(most + 10),
    `[${'1,'.repeat(most)}1]`,
    `{${'"":1,'.repeat(most)}"":1}`,
    `[${'"",'.repeat(most)}""]`,
    ','.repeat(most + 1),
  ];
  for (const text of texts) t.throws(() => parseJson(text), { message: `More than ${most} values` });
  t.equal(parseJson(JSON.stringify(','.repeat(2 * most))), ','.repeat(2 * most), 'within a text they are none');
});

t.test('the place of a fault behind a long text is told', async (t) => {
  const long = '€𝄞'.repeat(100_000);
  t.throws(() => parseJson(`"${long}" x`), { message: 'Extra data', offset: 200_003 });
  t.throws(() => parseJson(`"${'\\u0041'.repeat(100_000)}`), JsonFault);
});

t.test('what an answer repeats of a body', async (t) => {
  for (const value of [5, null, true, 'text', '', [1], { a: 1 }, { a: { b: [] } }, 'urls=x', '{"a": 1}']) {
    t.strictSame(repeatable(value), value);
  }
  for (const secret of ['user=a&password=b', '{"password":"b"}', 'token=x', 'http://me:you@host/', 'api_key: 5']) {
    t.equal(repeatable(secret), '***', secret);
    t.strictSame(repeatable([secret]), ['***']);
  }
  t.strictSame(repeatable({ password: 'b', note: { Auth: ['c'] } }), { '***': '***', note: { '***': '***' } });
  const large = [
    'a'.repeat(1e6),
    Array.from({ length: 1e5 }, () => []),
    Array.from({ length: 1e5 }, () => 'aaaa'),
    Object.fromEntries(Array.from({ length: 1e4 }, (_, i) => [`k${i}`, i])),
    { ['k'.repeat(1e6)]: 1 },
    [[[['a'.repeat(1e6)]]]],
  ];
  for (const value of large) t.ok(JSON.stringify(repeatable(value)).length < 3 * limits.echoCharacters.value);
});

t.test('a picture that comes as a plain field is not sent back whole', async (t) => {
  const daemon = await startDaemon(t);
  const { status, text } = await daemon.upload({ file: 'x'.repeat(900_000) });
  t.equal(status, 422);
  t.match(text, /x\.\.\. \(900000 characters\)/);
  t.ok(text.length < 1000, `${text.length} characters`);
  const raw = await daemon.request('POST', '/detect_urls', {
    body: 'y'.repeat(900_000),
    headers: { 'content-type': 'text/plain' },
  });
  t.equal(raw.status, 422);
  t.ok(raw.text.length < 1000, `${raw.text.length} characters`);
});

t.test('a form of many parts, of long headers, of a long boundary', async (t) => {
  const daemon = await startDaemon(t);
  const part = '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n';
  const file = '--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n';
  const post = (body: string, boundary = 'b') =>
    exchange(
      daemon.port,
      head('POST /detect', {
        'Content-Type': `multipart/form-data; boundary=${boundary}`,
        'Content-Length': body.length,
      }),
      body,
    );
  const refused = {
    'many parts': part.repeat(limits.formParts.value + 1),
    'many bare boundaries': '--b\r\n'.repeat(100_000),
    'many parts without a name': '--b\r\n\r\nx\r\n'.repeat(100_000),
    'many headers': `${file}${'X: y\r\n'.repeat(100_000)}\r\nx\r\n`,
    'one long header': `${file}X: ${'y'.repeat(100_000)}\r\n\r\nx\r\n`,
  };
  for (const [what, body] of Object.entries(refused)) {
    t.equal((await post(`${body}--b--\r\n`)).body, '{"detail":"Invalid multipart data."}', what);
  }
  const boundary = 'b'.repeat(300);
  t.equal((await post(`--${boundary}--\r\n`, boundary)).body, '{"detail":"Invalid multipart data."}');
  const body = new FormData();
  for (let i = 0; i < 50; i++) body.append(`a${i}`, 'x');
  body.append('file', new Blob([jpeg]), 'a.jpg');
  t.equal((await daemon.request('POST', '/detect', { body })).status, 200, 'some more parts do no harm');
});

t.test('an urlencoded form of many fields', async (t) => {
  const daemon = await startDaemon(t);
  const post = (body: string) =>
    daemon.request('POST', '/infer', { body, headers: { 'content-type': 'application/x-www-form-urlencoded' } });
  for (const body of ['a=b&'.repeat(1000), '&'.repeat(1000)]) {
    const { status, json } = await post(body);
    t.equal(status, 400);
    t.strictSame(json, { detail: 'expected at most 100 fields for the form, got 1001' });
  }
  t.equal((await post('a'.repeat(limits.urlencodedBytes.value + 1))).status, 413);
});

t.test('some hundred URLs, and no more', async (t) => {
  const daemon = await startDaemon(t);
  const urls = (count: number) => ({ urls: Array.from({ length: count }, () => ({ url: '' })) });
  t.equal((await daemon.post('/detect_urls', urls(limits.urls.value))).status, 200);
  const { status, json } = await daemon.post('/detect_urls', urls(limits.urls.value + 1));
  t.equal(status, 400);
  t.strictSame(json, {
    detail: `Invalid urls: expected at most ${limits.urls.value} entries, got ${limits.urls.value + 1}`,
  });
});

t.test('a collector takes memory for what came, not for what was promised', async (t) => {
  const collected = new ByteCollector(64 * 1024 * 1024);
  collected.add(Buffer.from('ab'));
  t.ok(collected.bytes.buffer.byteLength <= 256 * 1024, 'a small buffer at first');
  for (let i = 0; i < 1000; i++) collected.add(Buffer.alloc(1000, i));
  t.equal(collected.length, 1_000_002);
  t.ok(collected.bytes.buffer.byteLength <= 4 * 1_000_002);
  t.equal(collected.bytes.subarray(0, 2).toString(), 'ab');
  t.ok(collected.bytes.subarray(2 + 999_000).equals(Buffer.alloc(1000, 999)));
});

t.test('a body must come at some pace', async (t) => {
  const { bodyIdleMs, bodyGraceMs, bodyBytesPerSecond } = limits;
  const silent = new ReadPace(0);
  t.notOk(silent.isTooSlow(bodyIdleMs.value));
  t.ok(silent.isTooSlow(bodyIdleMs.value + 1));
  const slow = new ReadPace(0);
  let now = 0;
  while (!slow.isTooSlow(now) && now < 1e6) slow.received(1, (now += 1000));
  t.ok(now <= bodyGraceMs.value + 2000, `a byte a second is read for ${now} ms`);
  const steady = new ReadPace(0);
  for (now = 0; now < 1e6;) steady.received(bodyBytesPerSecond.value, (now += 1000));
  t.notOk(steady.isTooSlow(now));
});

class FakeSocket extends EventEmitter {
  destroyed = false;
  destroy(): void {
    this.destroyed = true;
    this.emit('close');
  }
}

t.test('connections are limited in all and for each address; the longest idle makes room', async (t) => {
  const connections = new Connections({ maxConnections: 4, maxConnectionsPerAddress: 3 });
  const open = (address: string) => {
    const socket = new FakeSocket() as unknown as Socket;
    return { socket, refusal: connections.admit(socket, address) };
  };
  const [a, b, c] = [open('a'), open('a'), open('a')];
  t.match(open('a').refusal, /max_connections_per_address/);
  const d = open('d');
  for (const { socket } of [a, c, d]) connections.busy(socket);
  t.equal(open('e').refusal, undefined);
  t.ok(b.socket.destroyed, 'the one that waits for a request');
  for (const { socket } of [a, b, c, d]) connections.busy(socket);
  connections.idle(c.socket);
  connections.idle(a.socket);
  t.equal(connections.count, 4);
  open('f').socket.destroy();
  t.equal(connections.count, 3);
});

t.test('a connection over the limit is closed, and said once', { skip: onNodeOnly }, async (t) => {
  const daemon = await startDaemon(t, { max_connections_per_address: 2 });
  const [first, second] = [await RawConnection.open(daemon.port), await RawConnection.open(daemon.port)];
  for (const connection of [first, second]) {
    connection.send(head('GET /health'));
    t.equal((await connection.answer()).status, 200);
  }
  for (let i = 0; i < 5; i++) await (await RawConnection.open(daemon.port)).closed();
  t.match(daemon.logged({ msg: 'connections refused' }), [{ client: '127.0.0.1', reason: /has 2 connections/ }]);
  first.hangUp();
  second.hangUp();
});

t.test('the list of models names no folder', async (t) => {
  const base = t.testdir({ yard: { 'yard.onnx': 'broken' } });
  const daemon = await startDaemon(t, { base_path: base, models: ['all'] });
  await daemon.upload({ file: jpeg });
  const { text, json } = await daemon.get('/models');
  t.match(json, { models: [{ name: 'yard', state: 'failed', error: /yard\.onnx/ }] });
  t.notMatch(text, base);
  t.notMatch(text, /\/yard\//);
});
