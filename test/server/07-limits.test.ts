import t from 'tap';

import { startDaemon } from '../support/daemon.js';
import { chunk, exchange, head, RawConnection } from '../support/raw-http.js';
import { picture } from '../support/shapes.js';

const limit = 50_000;
const settings = { max_upload_bytes: limit };
const form = { 'Content-Type': 'multipart/form-data; boundary=b' };
const tooLarge = `{"detail":"The body has more than the ${limit} bytes allowed"}`;

t.test('an upload over the limit is 413 with a JSON body', async (t) => {
  const daemon = await startDaemon(t, settings);
  const { status, text, headers } = await daemon.upload({ file: new Uint8Array(limit) });
  t.equal(status, 413);
  t.equal(headers.get('content-type'), 'application/json');
  t.equal(text, tooLarge);
  t.equal(headers.get('x-error-code'), 'UPLOAD_TOO_LARGE');
  t.equal((await daemon.upload({ file: picture('shapes-05').bytes })).status, 200, 'a smaller one is read');
});

t.test('a declared length over the limit is refused before a byte of it is sent', async (t) => {
  const daemon = await startDaemon(t, settings);
  const { status, body } = await exchange(daemon.port, head('POST /detect', { ...form, 'Content-Length': limit + 1 }));
  t.equal(status, 413);
  t.equal(body, tooLarge);
});

t.test('a length of that many digits is refused too', async (t) => {
  const daemon = await startDaemon(t, settings);
  const { status } = await exchange(daemon.port, head('POST /detect', { ...form, 'Content-Length': 2 ** 40 }));
  t.ok(status === 413 || status === 400, String(status));
});

t.test('a chunked body is refused where it passes the limit', async (t) => {
  const daemon = await startDaemon(t, settings);
  const connection = await RawConnection.open(daemon.port);
  t.teardown(() => connection.hangUp());
  connection.send(head('POST /detect', { ...form, 'Transfer-Encoding': 'chunked' }));
  connection.send(chunk('--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'));
  for (let sent = 0; sent <= limit; sent += 10_000) connection.send(chunk('x'.repeat(10_000)));
  const { status, body } = await connection.answer();
  t.equal(status, 413, 'although the body has not ended');
  t.equal(body, tooLarge);
});

t.test('the rest of a refused upload is dropped, and the connection serves on', async (t) => {
  const daemon = await startDaemon(t, settings);
  const connection = await RawConnection.open(daemon.port);
  t.teardown(() => connection.hangUp());
  connection.send(head('POST /detect', { ...form, 'Content-Length': 500_000 }), 'x'.repeat(500_000));
  t.equal((await connection.answer()).status, 413);
  connection.send(head('GET /health'));
  t.equal((await connection.answer()).status, 200);
});

t.test('JSON has a limit of its own', async (t) => {
  const daemon = await startDaemon(t);
  for (const path of ['/login', '/detect_urls']) {
    const { status, headers } = await daemon.post(path, { urls: 'x'.repeat(4 * 1024 * 1024) });
    t.equal(status, 413, path);
    t.equal(headers.get('content-type'), 'application/json');
  }
});

t.test('whoever has no token is refused before the upload is read', async (t) => {
  const daemon = await startDaemon(t, { ...settings, auth_enabled: true, auth_password: 'p', token_secret: 's' });
  const { status } = await exchange(daemon.port, head('POST /detect', { ...form, 'Content-Length': 40_000 }), 'x');
  t.equal(status, 401);
});

t.test('headers without end are refused', async (t) => {
  const daemon = await startDaemon(t);
  const { status } = await exchange(daemon.port, head('GET /health', { Cookie: 'x'.repeat(100_000) }));
  t.equal(status, 431);
  t.equal((await daemon.get('/health')).status, 200);
});

t.test('health answers while clients keep the models busy', async (t) => {
  const daemon = await startDaemon(t);
  const { bytes } = picture('shapes-06');
  let busy = true;
  const clients = Array.from({ length: 8 }, async () => {
    let answered = 0;
    for (; busy; answered++) t.equal((await daemon.upload({ file: bytes })).status, 200);
    return answered;
  });
  for (let i = 0; i < 10; i++) {
    t.equal((await daemon.get('/health')).status, 200);
    await daemon.upload({ file: bytes });
  }
  busy = false;
  const answered = await Promise.all(clients);
  t.ok(Math.min(...answered) > 0, `uploads by client: ${answered.join(', ')}`);
});
