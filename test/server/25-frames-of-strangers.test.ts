/** Frames that are still being written, never end, lie where a client has no business, or have secrets in their URLs. */
import t, { type Test } from 'tap';

import { limits } from '../../src/limits.js';
import { type Settings, startDaemon, type TestDaemon } from '../support/daemon.js';
import { FrameServer } from '../support/frame-server.js';
import { picture, urlsReplyOf } from '../support/shapes.js';

const pictures = { circles: picture('shapes-05').bytes };
const elsewhere = { 'x-forwarded-for': '192.0.2.7' };

async function setUp(t: Test, settings: Settings = {}) {
  const frames = await FrameServer.start({
    pictures,
    elsewhere: 'http://SECRET:SECRET@127.0.0.1:1/SECRET?token=SECRET',
  });
  t.teardown(() => frames.close());
  const daemon = await startDaemon(t, settings);
  return { daemon, frames };
}

async function found(daemon: TestDaemon, frames: FrameServer, fids: readonly string[], fields: object = {}) {
  const urls = fids.map((fid) => ({ frame_id: fid, url: frames.urlOf(fid) }));
  const { status, json } = await daemon.post('/detect_urls', { urls, ...fields });
  return { status, ids: urlsReplyOf(json).results.map(({ frame_id: id }) => id) };
}

function infer(daemon: TestDaemon, fields: Readonly<Record<string, string>>, headers: Record<string, string> = {}) {
  const body = new URLSearchParams({ type: 'object', ...fields });
  return daemon.request('POST', '/infer', { body, headers });
}

const unwritten = [
  ...['missing', 'empty', 'login', 'cut-circles', 'hangup-circles', 'brotli-circles'],
  ...['status-500', 'status-502', 'status-503', 'status-504'],
];

t.test('a frame that is still being written is asked for again, whatever it looks like', async (t) => {
  const { daemon, frames } = await setUp(t);
  const fids = unwritten.map((how) => `first-2-${how}-then-circles`);
  const again = { max_attempts: 4, sleep_between_attempts: 0 };
  t.strictSame(await found(daemon, frames, fids, again), { status: 200, ids: fids });
  t.equal(frames.requests.length, 3 * fids.length, 'no more often than needed');
  t.strictSame(await found(daemon, frames, ['login', 'circles'], { ...again, stop_on_match: true }), {
    status: 200,
    ids: ['circles'],
  });
});

t.test('no more often than said, and one that never comes holds up no other', async (t) => {
  const { daemon, frames } = await setUp(t);
  for (const stop of [false, true]) {
    const before = frames.requests.length;
    const fields = { max_attempts: 3, sleep_between_attempts: 0, stop_on_match: stop };
    t.strictSame((await found(daemon, frames, [...unwritten, 'circles'], fields)).ids, ['circles']);
    t.equal(frames.requests.length - before, 3 * unwritten.length + 1);
  }
  t.strictSame((await found(daemon, frames, ['first-1-cut-circles-then-circles'])).ids, [], 'once by default');
});

t.test('a request has so many fetches and no more', async (t) => {
  const { daemon, frames } = await setUp(t);
  const fids = Array.from({ length: 20 }, (_, i) => `gone-${i}`);
  await found(daemon, frames, fids, { max_attempts: 100, sleep_between_attempts: 0 });
  t.ok(frames.requests.length <= limits.frameFetches.value + fids.length, `${frames.requests.length} fetches`);
  t.ok(frames.requests.length >= limits.frameFetches.value);
});

t.test('a frame that never ends is given up, with its reason, and the others are used', async (t) => {
  const { daemon, frames } = await setUp(t, { frame_timeout_seconds: 1 });
  t.strictSame(await found(daemon, frames, ['stream', 'drip-circles', 'circles']), { status: 200, ids: ['circles'] });
  t.match(daemon.logged({ frame_id: 'stream' })[0], { kind: 'stream', reason: /is a stream .*name a snapshot/ });
  t.match(daemon.logged({ frame_id: 'drip-circles' })[0], { kind: 'too-slow', reason: /no whole frame within 1 s$/ });
  t.match((await infer(daemon, { url: frames.urlOf('stream') })).json, { error: /^fetch failed: .* is a stream/ });
});

t.test('too many URLs, and one that is too long, are refused', async (t) => {
  const { daemon, frames } = await setUp(t);
  const ask = (urls: readonly string[], fields: object = {}) =>
    daemon.post('/detect_urls', { urls: urls.map((url) => ({ frame_id: '1', url })), ...fields });
  const url = frames.urlOf('missing');
  const most = limits.urls.value;
  const long = `${url}&x=${'x'.repeat(limits.urlCharacters.value)}`;
  t.match(await ask(Array.from({ length: most + 1 }, () => url)), {
    status: 400,
    json: { detail: `Invalid urls: expected at most ${most} entries, got ${most + 1}` },
  });
  t.match(await ask([url, long]), { status: 400, json: { detail: /at most 8192 characters for the url of entry 1/ } });
  t.match(await ask([url], { zm_auth: long }), { status: 400, json: { detail: /8192 characters for zm_auth/ } });
  t.match(await infer(daemon, { url: long }), { status: 400, json: { detail: /8192 characters for url/ } });
  t.match(await infer(daemon, { url, zm_auth: long }), { status: 400 });
  t.equal(frames.requests.length, 0);
  t.equal((await ask(Array.from({ length: most }, () => ''))).status, 200);
});

t.test('loopback is for clients on this host, unless the settings say otherwise', async (t) => {
  const { daemon, frames } = await setUp(t);
  const urls = [{ frame_id: 'a', url: frames.urlOf('circles') }];
  const results = async (on: TestDaemon, headers: Record<string, string> = {}) =>
    urlsReplyOf((await on.post('/detect_urls', { urls }, headers)).json).results.length;
  t.equal(await results(daemon), 1, 'as on one box');
  for (const name of ['x-forwarded-for', 'x-real-ip', 'forwarded', 'via']) {
    t.equal(await results(daemon, { [name]: '192.0.2.7' }), 0, name);
  }
  t.match((await infer(daemon, { url: frames.urlOf('circles') })).json, { error: null });
  t.match((await infer(daemon, { url: frames.urlOf('circles') }, elsewhere)).json, { error: /^fetch failed/ });
  t.equal(frames.requests.length, 2, 'nor is a frame handed on that was fetched for another');
  const open = await startDaemon(t, { fetch_loopback: 'always' });
  t.equal(await results(open, elsewhere), 1);
  const closed = await startDaemon(t, { fetch_loopback: 'never' });
  t.equal(await results(closed), 0);
  const listed = await startDaemon(t, { fetch_allowed_cidrs: ['127.0.0.1'] });
  t.equal(await results(listed, elsewhere), 1);
  const other = await startDaemon(t, { fetch_allowed_hosts: ['zm.lan', '*.cams.lan'] });
  t.equal(await results(other), 0);
});

t.test('a list of hosts with an entry that is none is refused at start', async (t) => {
  const cases = { fetch_allowed_hosts: ['http://zm'], fetch_allowed_cidrs: ['10.0.0.0/33'], fetch_loopback: 'yes' };
  for (const [key, value] of Object.entries(cases)) {
    await t.rejects(startDaemon(t, { [key]: value }), new RegExp(key), key);
  }
});

t.test(
  '/infer does not tell a closed port from a refused one, nor a host that is there from one that is not',
  async (t) => {
    const { daemon } = await setUp(t, { fetch_timeout_seconds: 1 });
    const hosts = ['127.0.0.1:1', '127.0.0.1:22', '169.254.169.254', '192.0.0.192', 'no-such-host.invalid', '[::1]:1'];
    for (const headers of [{}, elsewhere]) {
      const told = new Set<string>();
      for (const host of hosts) {
        const { json } = await infer(daemon, { url: `http://${host}/x` }, headers);
        told.add(String((json as { error: string }).error).replace(/http:\/\/.*?\/\S*: /, ''));
      }
      t.strictSame([...told], ['fetch failed: no frame could be fetched from there; the log of the server says why']);
    }
  },
);

/** What was planted, also as Base64 and in part of a word. */
const secret = /SECRET|U0VDUkVU/i;

t.test('nothing that is planted in a URL reaches log or answers', async (t) => {
  const { daemon, frames } = await setUp(t, { log_level: 'trace', fetch_timeout_seconds: 1, frame_timeout_seconds: 1 });
  const fids = ['circles', 'missing', 'error', 'empty', 'login', 'cut-circles', 'stream', 'stall-circles', 'bomb'];
  const more = ['hangup-circles', 'redirect-missing', 'redirect-loop', 'redirect-elsewhere', 'status-401'];
  const planted = [...fids, ...more].flatMap((fid) => {
    const { host } = new URL(frames.origin);
    const query = `view=image&eid=1&fid=${fid}`;
    return [
      `http://SECRET:SECRET@${host}/SECRET/index.php?${query}&SECRET=SECRET&pass=SECRET&x=SECRET#SECRET`,
      `http://${host}/zm/SECRET.json?view=SECRET&${query}&mid=SECRET&token=SECRET`,
    ];
  });
  const broken = [
    'http://SECRET:SECRET@127.0.0.1:1/SECRET?SECRET',
    'https://SECRET:SECRET@127.0.0.1:1/SECRET;SECRET',
    'http://127.0.0.1:1/?eid=SECRET&fid=SECRET&view=SECRET',
    'http://no-such-host.invalid/SECRET?SECRET=1',
    'http://169.254.169.254/SECRET?SECRET',
    'http://%zz:SECRET@127.0.0.1/',
    'http://[SECRET/',
    'ftp://SECRET:SECRET@127.0.0.1/SECRET',
    'data:SECRET',
    'SECRET',
    `http://127.0.0.1:1/${'SECRET/'.repeat(2000)}`.slice(0, 8000),
  ];
  const zmAuth = 'token=SECRET&user=SECRET&SECRET';
  const answers: string[] = [];
  for (const headers of [{}, elsewhere]) {
    const urls = [...planted, ...broken].map((url, i) => ({ frame_id: i, url }));
    answers.push((await daemon.post('/detect_urls', { urls, zm_auth: zmAuth }, headers)).text);
    for (const { url } of urls) answers.push((await infer(daemon, { url, zm_auth: zmAuth }, headers)).text);
  }
  answers.push((await daemon.post('/detect_urls', { urls: [{ url: { SECRET: 1 } }] })).text);
  answers.push((await daemon.post('/detect_urls', { urls: 'SECRET', zm_auth: ['SECRET'] })).text);
  answers.push((await daemon.get('/metrics')).text);
  t.ok(
    frames.requests.some(({ url }) => secret.test(url)),
    'the secrets were sent',
  );
  t.notMatch(answers.join('\n'), secret, 'answers');
  t.notMatch(daemon.logText, secret, 'log');
});
