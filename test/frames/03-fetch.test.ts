import t from 'tap';

import { FrameFetcher } from '../../src/frames/fetcher.js';
import { FrameServer } from '../support/frame-server.js';

const alarm = Buffer.from('a picture of an alarm');
const server = await FrameServer.start({ pictures: { alarm } });
const fetcher = new FrameFetcher({ version: '1.2.3' });
t.teardown(async () => {
  await fetcher.close();
  await server.close();
});
const signal = new AbortController().signal;
const get = (url: string, zmAuth = '') => fetcher.fetchFrame({ url, zmAuth, verifySsl: true, isLocal: true }, signal);

t.test('a frame arrives byte for byte', async (t) => {
  const outcome = await get(server.urlOf('alarm'), 'token=SECRET');
  if (!outcome.ok) return t.fail(outcome.reason);
  t.same(outcome.bytes, alarm);
  t.equal(outcome.finalUrl, `${server.urlOf('alarm')}&***`);
  t.ok(outcome.milliseconds > 0 && outcome.milliseconds < 10_000);
});

t.test('the request is what ZoneMinder expects, and says who asks', async (t) => {
  await get(server.urlOf('alarm'), 'token=a.b-c');
  const request = server.requests.at(-1);
  t.equal(request?.url, '/zm/index.php?view=image&eid=1&fid=alarm&token=a.b-c');
  t.match(request?.headers, { accept: '*/*', 'accept-encoding': 'gzip, deflate', 'user-agent': 'zmdetect/1.2.3' });
  t.notOk(request?.headers.authorization);
});

t.test('user info in a URL becomes a basic login', async (t) => {
  await get(server.urlOf('alarm').replace('http://', 'http://cam:p%40ss@'));
  t.equal(server.requests.at(-1)?.headers.authorization, `Basic ${Buffer.from('cam:p@ss').toString('base64')}`);
});

t.test('one connection serves frame after frame, also after a 404', async (t) => {
  const before = server.connections;
  for (const fid of ['alarm', 'missing', 'alarm', 'error', 'alarm']) await get(server.urlOf(fid));
  t.ok(server.connections - before <= 1);
});

t.test('compressed answers are unpacked', async (t) => {
  for (const fid of ['gzip-alarm', 'deflate-alarm']) {
    const outcome = await get(server.urlOf(fid));
    t.same(outcome.ok && outcome.bytes, alarm, fid);
  }
});

t.test('a page of HTML with status 200 is an answer like any other', async (t) => {
  const outcome = await get(server.urlOf('login'));
  t.match(outcome.ok && outcome.bytes.toString(), /^<html>/);
});

t.test('each failure has a kind of its own', async (t) => {
  const cases = [
    [server.urlOf('missing'), { kind: 'status', status: 404, reason: /fid=\*\*\*: the answer is status 404$/ }],
    [server.urlOf('error'), { kind: 'status', status: 500 }],
    [server.urlOf('empty'), { kind: 'empty' }],
    [server.urlOf('gzip-nothing'), { kind: 'empty' }],
    [server.urlOf('brotli-alarm'), { kind: 'undecodable', reason: /encoding/ }],
    [server.urlOf('hangup-alarm'), { kind: 'cut' }],
    ['http://127.0.0.1:1/', { kind: 'network', reason: /no connection \(ECONNREFUSED\)$/ }],
    ['http://no-such-host.invalid/', { kind: 'network', reason: /does not resolve/ }],
    [server.urlOf('alarm').replace('http:', 'https:'), { kind: 'tls' }],
    ['index.php?view=image', { kind: 'bad-url' }],
    ['http://%zz@127.0.0.1/', { kind: 'bad-url' }],
    ['', { kind: 'bad-url' }],
    ['file:///etc/passwd', { kind: 'refused-by-policy' }],
    ['http://169.254.169.254/latest/meta-data/', { kind: 'refused-by-policy', reason: /link-local/ }],
  ] as const;
  for (const [url, expected] of cases) t.match(await get(url), { ok: false, ...expected }, url);
});
