/** HTTP as clients and proxies speak it, and the forms of it that two programs could read differently. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';

import { onNodeOnly, startDaemon, until } from '../support/daemon.js';
import { chunk, exchange, head, RawConnection } from '../support/raw-http.js';
import { picture, resultOf } from '../support/shapes.js';

const json = { 'Content-Type': 'application/json' };
const { bytes: jpeg } = picture('shapes-05');
const form = Buffer.concat([
  Buffer.from('--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'),
  jpeg,
  Buffer.from('\r\n--b--\r\n'),
]);
const multipart = { 'Content-Type': 'multipart/form-data; boundary=b' };

const post = (rows: string, body = '{}') =>
  `POST /login HTTP/1.1\r\nContent-Type: application/json\r\n${rows}\r\n${body}`;

/** The status, once the server has closed the connection after it. */
async function refused(port: number, ...parts: readonly (string | Uint8Array)[]): Promise<number> {
  const connection = await RawConnection.open(port);
  connection.send(...parts);
  const { status } = await connection.answer();
  await connection.closed();
  return status;
}

t.test(
  'a request that could be read in two ways is refused, and nothing after it is run',
  { skip: onNodeOnly },
  async (t) => {
    const daemon = await startDaemon(t);
    const next = 'GET /models HTTP/1.1\r\nHost: a\r\n\r\n';
    const cases: Readonly<Record<string, string>> = {
      'two lengths': 'Host: a\r\nContent-Length: 2\r\nContent-Length: 40\r\n',
      'two equal lengths': 'Host: a\r\nContent-Length: 2\r\ncontent-length: 2\r\n',
      'a list of lengths': 'Host: a\r\nContent-Length: 2, 2\r\n',
      'a signed length': 'Host: a\r\nContent-Length: +2\r\n',
      'a length in hexadecimal': 'Host: a\r\nContent-Length: 0x2\r\n',
      'length and coding': 'Host: a\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n',
      'coding and length': 'Host: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n',
      'two hosts': 'Host: a\r\nHost: b\r\nContent-Length: 2\r\n',
      'two types': 'Host: a\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n',
    };
    for (const [what, rows] of Object.entries(cases)) {
      const status = await refused(daemon.port, post(rows), next);
      t.equal(status, 400, what);
    }
    t.equal(daemon.logged({ msg: 'request', route: '/models' }).length, 0);
    t.equal((await daemon.get('/health')).status, 200);
  },
);

t.test('a coding that is not chunked is refused', { skip: onNodeOnly }, async (t) => {
  const daemon = await startDaemon(t);
  for (const coding of [
    'xchunked',
    'gzip',
    'gzip, chunked',
    'chunked, gzip',
    'chunked, chunked',
    'identity',
    'chunked;a=b',
  ]) {
    const rows = `Host: a\r\nTransfer-Encoding: ${coding}\r\n`;
    const status = await refused(daemon.port, post(rows, '2\r\n{}\r\n0\r\n\r\n'));
    t.ok(status === 400 || status === 501, `${coding}: ${status}`);
  }
  const twice = 'Host: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n';
  const status = await refused(daemon.port, post(twice, '2\r\n{}\r\n0\r\n\r\n'));
  t.ok(status === 400 || status === 501, `twice: ${status}`);
});

t.test('what is not HTTP gets an answer in JSON, and a line in the log', { skip: onNodeOnly }, async (t) => {
  const daemon = await startDaemon(t);
  const cases = {
    'a line feed alone': 'GET /health HTTP/1.1\nHost: a\n\n',
    'a blank before the colon': 'GET /health HTTP/1.1\r\nHost : a\r\n\r\n',
    'a folded header': 'GET /health HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n',
    'a header without a name': 'GET /health HTTP/1.1\r\nHost: a\r\n: a\r\n\r\n',
    'a zero byte': 'GET /health HTTP/1.1\r\nHost: a\r\nX: \u0000\r\n\r\n',
    'another protocol': 'SSH-2.0-client\r\n',
    'a TLS greeting': '\u0016\u0003\u0001\u0002\u0000\u0001',
    'a version of the future': 'GET /health HTTP/3.7\r\nHost: a\r\n\r\n',
    'a target that is no path': 'GET health HTTP/1.1\r\nHost: a\r\n\r\n',
  };
  for (const [what, text] of Object.entries(cases)) {
    const answer = await exchange(daemon.port, Buffer.from(text, 'latin1'));
    t.equal(answer.status, 400, what);
    t.match(answer.json, { detail: /^The request is not valid HTTP: / });
    t.equal(answer.headers['x-content-type-options'], 'nosniff');
  }
  const lines = daemon.logged({ msg: 'request', code: 'REQUEST_MALFORMED' });
  t.equal(lines.length, Object.keys(cases).length);
  t.ok(lines.every(({ client }) => client === '127.0.0.1'));
});

t.test('a body whose chunks are broken is refused', { skip: onNodeOnly }, async (t) => {
  const daemon = await startDaemon(t);
  const rows = head('POST /login', { ...json, 'Transfer-Encoding': 'chunked' });
  for (const body of ['zz\r\n{}\r\n', '-1\r\n', '2\r\n{}x\r\n', '2\n{}\r\n', `${'f'.repeat(40)}\r\n`]) {
    t.equal(await refused(daemon.port, rows, body), 400, JSON.stringify(body));
  }
});

t.test('headers: many lines, and many bytes', { skip: onNodeOnly }, async (t) => {
  const daemon = await startDaemon(t);
  const lines = (count: number) => Array.from({ length: count }, (_, i) => `X-${i}: y\r\n`).join('');
  const { status } = await exchange(daemon.port, `GET /health HTTP/1.1\r\nHost: a\r\n${lines(90)}\r\n`);
  t.equal(status, 200);
  for (const count of [120, 100_000]) {
    t.equal(
      await refused(daemon.port, `GET /health HTTP/1.1\r\nHost: a\r\n${lines(count)}\r\n`),
      431,
      `${count} lines`,
    );
  }
  t.equal(await refused(daemon.port, `GET /${'a'.repeat(100_000)} HTTP/1.1\r\nHost: a\r\n\r\n`), 431);
});

t.test('HTTP/1.0', { skip: onNodeOnly }, async (t) => {
  const daemon = await startDaemon(t);
  const plain = await RawConnection.open(daemon.port);
  plain.send('GET /health HTTP/1.0\r\n\r\n');
  const answer = await plain.answer();
  t.equal(answer.status, 200);
  t.equal(answer.headers['content-length'], String(answer.body.length));
  await plain.closed();

  const kept = await RawConnection.open(daemon.port);
  for (let i = 0; i < 3; i++) {
    kept.send('GET /health HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n');
    const { status, headers } = await kept.answer();
    t.equal(status, 200);
    t.equal(headers.connection, 'keep-alive');
  }
  kept.hangUp();

  const length = String(form.length);
  const rows = `Content-Type: multipart/form-data; boundary=b\r\nContent-Length: ${length}\r\n\r\n`;
  const upload = await exchange(daemon.port, `POST /detect HTTP/1.0\r\n${rows}`, form);
  t.equal(upload.status, 200);
  t.equal(resultOf(upload.json).labels.length, 2);
});

t.test(
  'a refused upload of an HTTP/1.0 client, or of one that asks to close, is answered',
  { skip: onNodeOnly },
  async (t) => {
    const daemon = await startDaemon(t, { max_upload_bytes: 1024 });
    const size = 8 * 1024 * 1024;
    const rows = `Content-Type: multipart/form-data; boundary=b\r\nContent-Length: ${size}\r\n`;
    for (const start of ['POST /detect HTTP/1.0\r\n', 'POST /detect HTTP/1.1\r\nHost: a\r\nConnection: close\r\n']) {
      const connection = await RawConnection.open(daemon.port);
      connection.send(start, rows, '\r\n', Buffer.alloc(size));
      t.equal((await connection.answer()).status, 413);
      await connection.closed();
    }
  },
);

t.test('pipelined requests of every kind are answered in order', { skip: onNodeOnly }, async (t) => {
  const daemon = await startDaemon(t);
  const connection = await RawConnection.open(daemon.port);
  t.teardown(() => connection.hangUp());
  const upload = Buffer.concat([
    Buffer.from(head('POST /detect', { ...multipart, 'Content-Length': form.length })),
    form,
  ]);
  connection.send(Buffer.concat([upload, Buffer.from(head('GET /health')), upload, Buffer.from(head('GET /nowhere'))]));
  const answers = [];
  for (let i = 0; i < 4; i++) answers.push((await connection.answer()).status);
  t.strictSame(answers, [200, 200, 200, 404]);
});

t.test('thousands of pipelined requests are all answered', { skip: onNodeOnly }, async (t) => {
  const daemon = await startDaemon(t);
  const connection = await RawConnection.open(daemon.port);
  t.teardown(() => connection.hangUp());
  const requests = 3000;
  connection.send(head('GET /health').repeat(requests));
  const counts = new Map<number, number>();
  for (let i = 0; i < requests; i++) {
    const { status } = await connection.answer();
    counts.set(status, (counts.get(status) ?? 0) + 1);
  }
  t.strictSame(
    [...counts.keys()].filter((status) => status !== 200 && status !== 429),
    [],
  );
});

t.test('absolute targets', { skip: onNodeOnly }, async (t) => {
  const daemon = await startDaemon(t);
  const targets = ['http://a/health', 'HTTP://a:80/health?x=http://b/', 'https://a/health'];
  for (const target of targets) t.equal((await exchange(daemon.port, head(`GET ${target}`))).status, 200, target);
  t.equal((await exchange(daemon.port, head('GET http://a'))).status, 404);
  const slash = await exchange(daemon.port, head('GET http://elsewhere.example/health/?a=1'));
  t.equal(slash.headers.location, '/health?a=1', 'a redirect stays on this host');
  t.equal((await exchange(daemon.port, head('OPTIONS *'))).status, 404);
  t.equal((await exchange(daemon.port, head('CONNECT a:80'))).status, 405);
});

t.test('chunk extensions and trailers', { skip: onNodeOnly }, async (t) => {
  const daemon = await startDaemon(t);
  const rows = head('POST /login', { ...json, 'Transfer-Encoding': 'chunked', Trailer: 'X-Sum' });
  const bodies = [
    '2;name=value\r\n{}\r\n0\r\n\r\n',
    '2;name="a;b"\r\n{}\r\n0;last\r\n\r\n',
    '2\r\n{}\r\n0\r\nX-Sum: 1\r\n\r\n',
    '1;a\r\n{\r\n1\r\n}\r\n0\r\nX-Sum: 1\r\nX-More: 2\r\n\r\n',
  ];
  for (const body of bodies) t.equal((await exchange(daemon.port, rows, body)).status, 200, JSON.stringify(body));
});

t.test('a body in crumbs is not read for long', { skip: onNodeOnly }, async (t) => {
  const daemon = await startDaemon(t);
  const rows = head('POST /detect_urls', { ...json, 'Transfer-Encoding': 'chunked' });
  t.equal(await refused(daemon.port, rows, '1\r\n \r\n'.repeat(20_000)), 400);
  t.match(daemon.logged({ msg: 'request', status: 400 }), [{ reason: /chunks that are too small/ }]);
});

t.test('leave to send a body', { skip: onNodeOnly }, async (t) => {
  const daemon = await startDaemon(t, { max_upload_bytes: 1024 });
  const connection = await RawConnection.open(daemon.port);
  t.teardown(() => connection.hangUp());
  const rows = { ...multipart, Expect: '100-continue', 'Content-Length': 5000 };
  connection.send(head('POST /detect', rows));
  t.equal((await connection.answer()).status, 413, 'is not given for one that is too large');
});

async function withoutCurl(): Promise<string | false> {
  return await promisify(execFile)('curl', ['--version']).then(
    () => false,
    () => 'there is no curl',
  );
}

t.test('curl', { skip: onNodeOnly || (await withoutCurl()) }, async (t) => {
  const daemon = await startDaemon(t, { max_upload_bytes: 4 * 1024 * 1024 });
  const folder = t.testdir({ 'a.jpg': jpeg, 'large.bin': Buffer.alloc(16 * 1024 * 1024) });
  const status = async (...args: string[]) => {
    const { stdout } = await promisify(execFile)('curl', ['-sS', '-o', '/dev/null', '-w', '%{http_code}', ...args]);
    return stdout;
  };
  for (const version of ['-0', '--http1.1', '--http2']) {
    t.equal(await status(version, `${daemon.url}/health`), '200', version);
    t.equal(await status(version, '-F', `file=@${folder}/a.jpg`, `${daemon.url}/detect`), '200', `${version} upload`);
    t.equal(
      await status(version, '-F', `file=@${folder}/large.bin`, `${daemon.url}/detect`),
      '413',
      `${version} too large`,
    );
  }
  const asked = ['-H', 'Expect: 100-continue'];
  t.equal(await status(...asked, '-F', `file=@${folder}/a.jpg`, `${daemon.url}/detect`), '200');
  t.equal(await status(...asked, '-F', `file=@${folder}/large.bin`, `${daemon.url}/detect`), '413');
  const chunked = ['-H', 'Transfer-Encoding: chunked'];
  t.equal(await status(...chunked, '-F', `file=@${folder}/a.jpg`, `${daemon.url}/detect`), '200');
});

async function settled(t: Test, daemon: Awaited<ReturnType<typeof startDaemon>>, status: number): Promise<void> {
  await until(() => daemon.logged({ msg: 'request', status }).length > 0);
  t.equal((await daemon.get('/health')).status, 200);
}

t.test('a connection that ends in the middle of a chunk is a client that hung up', async (t) => {
  const daemon = await startDaemon(t);
  const connection = await RawConnection.open(daemon.port);
  connection.send(head('POST /login', { ...json, 'Transfer-Encoding': 'chunked' }), '5\r\n{"a');
  await until(() => daemon.logged({}).length > 0);
  await new Promise((resolve) => setTimeout(resolve, 200));
  connection.hangUp();
  await settled(t, daemon, 499);
});

t.test('chunks in one piece with their head', async (t) => {
  const daemon = await startDaemon(t);
  const text = head('POST /login', { ...json, 'Transfer-Encoding': 'chunked' });
  t.equal((await exchange(daemon.port, Buffer.concat([Buffer.from(text), chunk('{}'), chunk('')]))).status, 200);
});
