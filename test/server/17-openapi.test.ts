import t from 'tap';

import { parseZones } from '../../src/detection/zones.js';
import type { ApiDocument } from '../../src/server/api/document.js';
import { zones } from '../../src/server/api/requests.js';
import { startDaemon, type TestDaemon, until } from '../support/daemon.js';
import { FrameServer } from '../support/frame-server.js';
import { exchange, head, RawConnection } from '../support/raw-http.js';
import { picture } from '../support/shapes.js';

const { bytes } = picture('shapes-05');
const auth = { auth_enabled: true, auth_password: 'p', token_secret: 'a secret of some length' };
const documentOf = async (daemon: TestDaemon) => (await daemon.get('/openapi.json')).json as ApiDocument;

/** `POST /login 200` and the like. */
function documented({ paths }: ApiDocument): string[] {
  return Object.entries(paths)
    .flatMap(([path, item]) =>
      Object.entries(item).flatMap(([method, { responses }]) =>
        Object.keys(responses).map((status) => `${method.toUpperCase()} ${path} ${status}`),
      ),
    )
    .sort();
}

t.test('the description needs no token and names every route', async (t) => {
  const daemon = await startDaemon(t, auth);
  const { status, headers, json } = await daemon.get('/openapi.json');
  t.equal(status, 200);
  t.equal(headers.get('content-type'), 'application/json');
  const { openapi, paths } = json as ApiDocument;
  t.equal(openapi, '3.1.0');
  t.strictSame(Object.keys(paths).sort(), [
    '/detect',
    '/detect_urls',
    '/docs',
    '/health',
    '/infer',
    '/login',
    '/metrics',
    '/models',
    '/openapi.json',
  ]);
  t.strictSame(paths['/detect']?.post?.security, [{ token: [] }]);
  t.strictSame(paths['/health']?.get?.security, []);
});

t.test('every reference in it leads somewhere', async (t) => {
  const daemon = await startDaemon(t);
  const document = await documentOf(daemon);
  const names = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map(
    ([, id = '']) => id,
  );
  t.ok(names.length > 10);
  for (const name of new Set(names)) t.ok(Object.hasOwn(document.components.schemas, name), name);
  t.notMatch(JSON.stringify(document), /"\$ref":"(?!#\/components\/schemas\/)/);
});

t.test('a server that demands no token describes none', async (t) => {
  const daemon = await startDaemon(t);
  const document = await documentOf(daemon);
  t.notOk(documented(document).some((line) => line.endsWith(' 401')));
  t.strictSame(document.paths['/detect']?.post?.security, []);
});

t.test('every described status is real, and every real one is described', async (t) => {
  const frames = await FrameServer.start({ pictures: { circles: bytes } });
  t.teardown(() => frames.close());
  const daemon = await startDaemon(t, auth);
  const document = await documentOf(daemon);
  const seen = new Set<string>();
  const note = (method: string, path: string, { status }: { status: number }) =>
    seen.add(`${method} ${path} ${status}`);

  const credentials = { username: 'admin', password: 'p' };
  const login = await daemon.post('/login', credentials);
  const authorization = `Bearer ${(login.json as { access_token: string }).access_token}`;
  note('POST', '/login', login);
  for (const path of ['/health', '/models', '/metrics', '/openapi.json', '/docs'])
    note('GET', path, await daemon.get(path));
  note('POST', '/login', await daemon.post('/login', {}));
  note('POST', '/login', await daemon.post('/login', []));
  for (let i = 0; i < 12; i++) note('POST', '/login', await daemon.post('/login', { password: String(i) }));

  const form = (parts: Readonly<Record<string, string | Uint8Array<ArrayBuffer>>>) => {
    const body = new FormData();
    for (const [name, value] of Object.entries(parts)) {
      if (typeof value === 'string') body.append(name, value);
      else body.append(name, new Blob([value]), 'image.jpg');
    }
    return { body, headers: { authorization } };
  };
  const none = new Uint8Array();
  for (const parts of [{ file: bytes }, { file: none }, {}]) {
    note('POST', '/detect', await daemon.request('POST', '/detect', form(parts)));
  }
  for (const parts of [{ type: 'object', image: bytes }, { type: 'object', image: none }, {}]) {
    note('POST', '/infer', await daemon.request('POST', '/infer', form(parts)));
  }
  const urls = [{ frame_id: 1, url: frames.urlOf('circles') }];
  for (const body of [{ urls }, {}, []]) {
    note('POST', '/detect_urls', await daemon.post('/detect_urls', body, { authorization }));
  }
  for (const path of ['/detect', '/detect_urls', '/infer']) note('POST', path, await daemon.post(path, {}));
  const late = { authorization, 'x-deadline-ms': '0.001' };
  note('POST', '/detect', await daemon.request('POST', '/detect', { ...form({ file: bytes }), headers: late }));
  const inferred = form({ type: 'object', image: bytes });
  note('POST', '/infer', await daemon.request('POST', '/infer', { ...inferred, headers: late }));
  note('POST', '/detect_urls', await daemon.post('/detect_urls', { urls }, late));
  for (const path of ['/login', '/detect', '/detect_urls', '/infer']) {
    const declared = { 'Content-Type': 'application/json', 'Content-Length': 2 ** 40, Authorization: authorization };
    const multipart = { ...declared, 'Content-Type': 'multipart/form-data; boundary=b' };
    const isForm = path === '/detect' || path === '/infer';
    note('POST', path, await exchange(daemon.port, head(`POST ${path}`, isForm ? multipart : declared)));
  }

  // What is in flight keeps the connections open on which the stopping daemon refuses the rest.
  const routes = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.keys(item).map((method) => [method.toUpperCase(), path] as const),
  );
  const connections = await Promise.all(routes.map(() => RawConnection.open(daemon.port)));
  const requests = routes.map(([method, path]) =>
    head(`${method} ${path}`, method === 'POST' ? { 'Content-Length': 0 } : {}),
  );
  // Connections that wait for a request may be closed by the stop; these are in the middle of one.
  for (const [index, connection] of connections.entries()) {
    connection.send(head('GET /health'));
    await connection.answer();
    connection.send(requests[index]?.slice(0, -2) ?? '');
  }
  const before = frames.requests.length;
  const slow = { urls: [{ frame_id: 1, url: frames.urlOf('delay-1500-circles') }] };
  const inFlight = daemon.post('/detect_urls', slow, { authorization });
  await until(() => frames.requests.length > before);
  const stopped = daemon.stop();
  for (const connection of connections) connection.send('\r\n');
  for (const [index, [method, path]] of routes.entries()) {
    const answer = await connections[index]?.answer();
    if (answer) note(method, path, answer);
  }
  await inFlight;
  await stopped;

  t.strictSame([...seen].sort(), documented(document));
});

t.test('the page shows the same, with nothing from elsewhere', async (t) => {
  const daemon = await startDaemon(t, auth);
  const { status, headers, text } = await daemon.get('/docs');
  t.equal(status, 200);
  t.equal(headers.get('content-type'), 'text/html; charset=utf-8');
  t.notMatch(text, /<script|<link|<img|<iframe|@import|url\(|(?:src|href)="(?:\w+:)?\/\//i);
  const { paths } = await documentOf(daemon);
  for (const [path, item] of Object.entries(paths)) {
    for (const method of Object.keys(item)) t.match(text, `<code>${method.toUpperCase()} ${path}</code>`);
  }
});

t.test('the described zones are those that are read', async (t) => {
  const triangle = [
    [0, 0],
    [10, 0],
    ['5', 10.5],
  ];
  const values: readonly unknown[] = [
    [],
    [{}],
    [{ value: triangle }],
    [{ points: triangle, name: null, pattern: null, ignore_pattern: 'car' }],
    [{ value: [], more: 1 }],
    [{ value: null }],
    [{ value: triangle.slice(1) }],
    [{ value: [...triangle, [1]] }],
    [{ value: [...triangle, [1, 2, 3]] }],
    [{ value: [...triangle, [1, 'x']] }],
    [{ value: 'all' }],
    [{ value: triangle, name: 5 }],
    [{ value: triangle, pattern: 5 }],
    [{ value: Array.from({ length: 1001 }, () => [0, 0]) }],
    Array.from({ length: 201 }, () => ({})),
    ['all'],
    [[]],
    {},
    5,
  ];
  for (const value of values) {
    let isRead = true;
    try {
      parseZones(value);
    } catch {
      isRead = false;
    }
    t.equal(zones.safeParse(value).success, isRead, JSON.stringify(value).slice(0, 80));
  }
});
