/** Answers that never end, and redirects that would take a login along. */
import { createServer, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import t, { type Test } from 'tap';

import { FrameFetcher, type FrameFetcherOptions } from '../../src/frames/fetcher.js';
import { publicReason } from '../../src/frames/outcome.js';
import { FetchPolicy } from '../../src/frames/policy.js';
import { selfSigned } from '../support/certificate.js';
import { FrameServer } from '../support/frame-server.js';

const alarm = Buffer.from('a picture of an alarm');
const signal = new AbortController().signal;
const certificate = selfSigned();
const skip = certificate === undefined ? 'there is no openssl command' : false;

function fetcherOf(t: Test, options: Partial<FrameFetcherOptions> = {}) {
  const fetcher = new FrameFetcher({ version: '0', ...options });
  t.teardown(() => fetcher.close());
  return (url: string, { zmAuth = '', verifySsl = true, isLocal = true } = {}) =>
    fetcher.fetchFrame({ url, zmAuth, verifySsl, isLocal }, signal);
}

async function httpServer(t: Test, answer: (response: ServerResponse) => void): Promise<string> {
  const server: Server = createServer((_, response) => answer(response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

/** A server that speaks bytes of its own choice. */
async function rawServer(t: Test, speak: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('data', () => speak(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

/** Says `piece` again and again until the other end hangs up. */
function drip(socket: Socket, start: string, piece: string): void {
  socket.write(start);
  const timer = setInterval(() => socket.write(piece), 20);
  socket.on('close', () => clearInterval(timer));
}

t.test('a frame has a time of its own, however busily its server sends', async (t) => {
  const get = fetcherOf(t, { frameTimeoutMs: 400 });
  const ok = 'HTTP/1.1 200 OK\r\n';
  const cases = [
    ['a byte now and then', `${ok}Content-Length: 100000\r\n\r\n`, 'x', 'too-slow'],
    ['endless chunks', `${ok}Transfer-Encoding: chunked\r\n\r\n`, '1\r\nx\r\n', 'too-slow'],
    ['an endless chunk extension', `${ok}Transfer-Encoding: chunked\r\n\r\n1;a=`, 'x', 'too-slow'],
    ['a header that does not end', `${ok}X: `, 'x', 'timeout'],
    ['endless interim answers', '', 'HTTP/1.1 103 Early Hints\r\n\r\n', 'timeout'],
    ['nothing that is HTTP', 'SSH-2.0-server\r\n', 'x', 'network'],
  ] as const;
  for (const [name, start, piece, kind] of cases) {
    const url = await rawServer(t, (socket) => drip(socket, start, piece));
    const outcome = await get(url);
    t.match(outcome, { ok: false, kind }, name);
    if (kind !== 'network') t.match(outcome, { reason: /no whole frame within 0.4 s$/ }, name);
  }
});

t.test('headers have a limit in bytes', async (t) => {
  const get = fetcherOf(t);
  const url = await rawServer(t, (socket) => {
    socket.write('HTTP/1.1 200 OK\r\n');
    const line = `X-Filler: ${'x'.repeat(1000)}\r\n`;
    const more = () => {
      while (socket.writable && socket.write(line));
    };
    socket.on('drain', more);
    more();
  });
  t.match(await get(url), { ok: false, kind: 'network', reason: /HEADERS_OVERFLOW/ });
});

t.test('a stream of pictures is known by its type, before any of them comes', async (t) => {
  const get = fetcherOf(t, { frameTimeoutMs: 60_000, idleTimeoutMs: 60_000 });
  for (const type of [
    'multipart/x-mixed-replace; boundary=ZoneMinderFrame',
    'Multipart/X-Mixed-Replace',
    'multipart/mixed',
  ]) {
    const url = await httpServer(t, (response) => {
      response.writeHead(200, { 'content-type': type });
      response.write('--ZoneMinderFrame\r\n');
    });
    t.match(await get(url), { ok: false, kind: 'stream', reason: /is a stream .*view=image/ }, type);
  }
});

t.test('the unwanted rest of an answer is not listened to for long', async (t) => {
  const get = fetcherOf(t);
  let closed: (() => void) | undefined;
  const gone = new Promise<void>((resolve) => (closed = resolve));
  const url = await httpServer(t, (response) => {
    response.writeHead(404).flushHeaders();
    const timer = setInterval(() => response.write('x'), 50);
    response.on('close', () => {
      clearInterval(timer);
      closed?.();
    });
  });
  t.match(await get(url), { ok: false, kind: 'status', status: 404 });
  await gone;
  t.pass('the connection was ended');
});

t.test('a Basic challenge is named, and the login of the URL goes along on the same origin', async (t) => {
  const get = fetcherOf(t);
  const challenged = await httpServer(t, (response) =>
    response.writeHead(401, { 'www-authenticate': 'Basic realm="cameras"' }).end(),
  );
  const outcome = await get(challenged);
  t.match(outcome, { ok: false, kind: 'status', status: 401, reason: /basic_user, basic_password/ });
  if (!outcome.ok) t.match(publicReason(challenged, outcome), /status 401: .*basic_user/);
  const frames = await FrameServer.start({ pictures: { alarm } });
  t.teardown(() => frames.close());
  t.match(await get(frames.urlOf('redirect-alarm').replace('//', '//cam:secret@')), { ok: true });
  const logins = frames.requests.map(({ headers }) => headers.authorization);
  t.strictSame(
    logins,
    Array.from({ length: 2 }, () => `Basic ${Buffer.from('cam:secret').toString('base64')}`),
  );
});

t.test('a redirect that repeats the credentials to another server is not followed', async (t) => {
  const zmAuth = 'token=abc.def-ghi';
  const get = fetcherOf(t);
  for (const end of ['?token=abc.def-ghi', '/abc.def-ghi/x', '?t=abc%2Edef%2Dghi', '#abc.def-ghi']) {
    const other = await FrameServer.start({ pictures: { alarm } });
    const frames = await FrameServer.start({ pictures: { alarm }, elsewhere: `${other.origin}/${end}` });
    t.teardown(() => Promise.all([frames.close(), other.close()]));
    t.match(await get(frames.urlOf('redirect-elsewhere'), { zmAuth }), { ok: false, kind: 'redirects' }, end);
    t.equal(other.requests.length, 0, end);
  }
  const frames = await FrameServer.start({ pictures: { alarm } });
  t.teardown(() => frames.close());
  const own = frames.urlOf('redirect-alarm');
  t.match(await get(own, { zmAuth }), { ok: true }, 'one server may do with them what it likes');
});

t.test(
  'http may redirect to https with the credentials, also where the certificate is taken unseen',
  { skip },
  async (t) => {
    const get = fetcherOf(t);
    const secure = await FrameServer.start({ pictures: { alarm }, certificate });
    const elsewhere = `${secure.urlOf('alarm')}&token=abc.def`;
    const plain = await FrameServer.start({ pictures: { alarm }, elsewhere });
    t.teardown(() => Promise.all([plain.close(), secure.close()]));
    const options = { zmAuth: 'token=abc.def' };
    t.match(await get(plain.urlOf('redirect-elsewhere'), { ...options, verifySsl: false }), { ok: true, bytes: alarm });
    t.match(secure.requests[0]?.url, /token=abc\.def$/);
    t.match(await get(plain.urlOf('redirect-elsewhere'), options), { ok: false, kind: 'tls' });
  },
);

t.test('https does not redirect to http with the credentials', { skip }, async (t) => {
  const get = fetcherOf(t);
  const plain = await FrameServer.start({ pictures: { alarm } });
  const secure = await FrameServer.start({
    pictures: { alarm },
    certificate,
    elsewhere: `${plain.urlOf('alarm')}&token=abc.def`,
  });
  t.teardown(() => Promise.all([plain.close(), secure.close()]));
  const outcome = await get(secure.urlOf('redirect-elsewhere').replace('//', '//cam:secret@'), {
    zmAuth: 'token=abc.def',
    verifySsl: false,
  });
  t.match(outcome, { ok: false, kind: 'redirects' });
  t.equal(plain.requests.length, 0);
});

t.test('another host that redirects here does not reach loopback, even for a client on this host', async (t) => {
  const frames = await FrameServer.start({ pictures: { alarm } });
  const outer = await FrameServer.start({ pictures: { alarm }, elsewhere: frames.urlOf('alarm') });
  t.teardown(() => Promise.all([frames.close(), outer.close()]));
  const resolve = () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]);
  const get = fetcherOf(t, { policy: new FetchPolicy({}, resolve) });
  const url = outer.urlOf('redirect-elsewhere').replace('127.0.0.1', 'cam.lan');
  t.match(await get(url), { ok: false, kind: 'refused-by-policy' });
  t.equal(outer.requests.length, 1);
  t.equal(frames.requests.length, 0);
});

t.test('a connection to loopback serves no client of another host', async (t) => {
  const frames = await FrameServer.start({ pictures: { alarm } });
  t.teardown(() => frames.close());
  const resolve = () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]);
  const get = fetcherOf(t, { policy: new FetchPolicy({}, resolve) });
  const url = frames.urlOf('alarm').replace('127.0.0.1', 'localhost');
  t.match(await get(url), { ok: true });
  t.match(await get(url, { isLocal: false }), { ok: false, kind: 'refused-by-policy' });
  t.match(await get(url), { ok: true });
  t.equal(frames.requests.length, 2);
});

t.test('clients are told the same of every failure of the network', async (t) => {
  const get = fetcherOf(t, { connectTimeoutMs: 200, frameTimeoutMs: 300 });
  const silent = await rawServer(t, () => undefined);
  const resets = await rawServer(t, (socket) => socket.resetAndDestroy());
  const banner = await rawServer(t, (socket) => socket.end('220 ready\r\n'));
  const other = (url: string) => url.replace('http:', 'https:');
  const urls = [
    ...[silent, resets, banner, other(silent), other(resets), other(banner)],
    ...['http://127.0.0.1:1/', 'http://no-such-host.invalid/', 'http://169.254.169.254/', 'ftp://zm/', 'nothing'],
  ];
  const told = new Set<string>();
  for (const url of urls) {
    const outcome = await get(url);
    if (outcome.ok) t.fail(url);
    else told.add(publicReason('http://zm/', outcome));
  }
  t.strictSame([...told], ['http://zm/: no frame could be fetched from there; the log of the server says why']);
});

t.test('a failure of the network takes full quarters of a second', async (t) => {
  const get = fetcherOf(t);
  for (const url of ['http://127.0.0.1:1/', 'http://169.254.169.254/', 'nothing']) {
    const started = performance.now();
    t.match(await get(url), { ok: false }, url);
    t.ok(performance.now() - started > 240, url);
  }
});
