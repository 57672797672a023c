import { Writable } from 'node:stream';
import t from 'tap';

import { once } from 'node:events';
import { createLog, logProcessWarnings } from '../../src/daemon/log.js';
import { embeddedModel, startDaemon } from '../support/daemon.js';
import { FrameServer } from '../support/frame-server.js';
import { exchange, head } from '../support/raw-http.js';
import { picture } from '../support/shapes.js';

const { bytes } = picture('shapes-05');

t.test('each request is one line: what, how it ended, and where the time went', async (t) => {
  const daemon = await startDaemon(t);
  const { headers } = await daemon.upload({ file: bytes });
  const [line, ...more] = daemon.logged({ msg: 'request' });
  t.match(line, {
    id: headers.get('x-request-id'),
    method: 'POST',
    route: '/detect',
    status: 200,
    ms: Number,
    stages: { body: Number, decode: Number, decodeQueue: Number, letterbox: Number, queue: Number, infer: Number },
  });
  t.strictSame(more, []);
});

t.test('a refused request says why', async (t) => {
  const daemon = await startDaemon(t);
  await daemon.upload({ file: new Uint8Array(5) });
  await daemon.upload({});
  await daemon.post('/detect_urls', []);
  t.match(daemon.logged({ msg: 'request' }), [
    { status: 400, code: 'IMAGE_UNDECODABLE', reason: /\w/ },
    { status: 422, reason: 'body.file: Field required' },
    { status: 422, reason: 'body: Input should be a valid dictionary' },
  ]);
});

t.test('no secret gets into a log line or an error body, whatever is asked', async (t) => {
  const frames = await FrameServer.start({ pictures: { circles: bytes } });
  t.teardown(() => frames.close());
  const secrets = ['TOPSECRET', 'P4SSWORD', 'S1GNATURE', 'ZMT0KEN', 'USERINF0', 'QU3RY'];
  const daemon = await startDaemon(t, {
    auth_enabled: true,
    auth_password: 'P4SSWORD',
    token_secret: 'TOPSECRET-TOPSECRET',
    log_level: 'debug',
  });
  const bodies: string[] = [];
  const post = async (path: string, body: unknown, headers: Record<string, string> = {}) => {
    bodies.push((await daemon.post(path, body, headers)).text);
  };
  const { json } = await daemon.post('/login', { username: 'admin', password: 'P4SSWORD' });
  const token = (json as { access_token: string }).access_token;
  const authorization = `Bearer ${token}`;
  await post('/login', { username: 'admin', password: 'P4SSWORD-wrong' });
  await post('/detect_urls', {}, { authorization: 'Bearer S1GNATURE.S1GNATURE.S1GNATURE' });

  const fids = ['circles', 'missing', 'error', 'login', 'redirect-login', 'redirect-missing', 'hangup-circles'];
  const urls = [
    ...fids.map((fid) => ({ frame_id: fid, url: frames.urlOf(fid) })),
    { url: 'http://user:USERINF0@127.0.0.1:1/x?a=QU3RY' },
    { url: 'http://169.254.169.254/?token=QU3RY' },
    { url: 'ftp://user:USERINF0@127.0.0.1/x?a=QU3RY' },
    { url: 'no url QU3RY' },
  ];
  const zmAuth = { zm_auth: 'token=ZMT0KEN' };
  await post('/detect_urls', { urls, ...zmAuth }, { authorization });
  await post('/detect_urls', { urls: 'http://a/?token=ZMT0KEN' }, { authorization });
  await post('/detect_urls', { urls: ['http://a/?token=ZMT0KEN'] }, { authorization });
  await post('/detect_urls', { urls: [{ url: ['http://a/?token=ZMT0KEN'] }] }, { authorization });
  await post('/detect_urls', { urls, zm_auth: { token: 'ZMT0KEN' } }, { authorization });
  for (const path of ['/health', '/nowhere/QU3RY', '/health/', '/detect']) {
    bodies.push((await daemon.get(`${path}?token=QU3RY`)).text);
  }
  await exchange(daemon.port, head('BREW /QU3RY?token=QU3RY', { Cookie: 'QU3RY' }));

  t.ok(daemon.logged({ msg: 'request' }).length >= 11);
  t.ok(daemon.logged({ msg: 'frame skipped' }).length >= 8);
  for (const secret of [...secrets, token, token.split('.')[2] ?? token]) {
    t.notOk(daemon.logText.includes(secret), `log: ${secret.slice(0, 9)}`);
    t.notOk(bodies.join().includes(secret), `bodies: ${secret.slice(0, 9)}`);
  }
});

/** What the log writes for one line. */
function written(isTTY: boolean): string {
  let text = '';
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString();
      done();
    },
  });
  createLog('info', { isTTY, destination }).info({ port: 5000 }, 'listening');
  return text;
}

t.test('on a terminal a line is for people', async (t) => {
  const line = written(true);
  t.match(line.replace(/\u001b\[\d+m/g, ''), /^\[\d\d:\d\d:\d\d\.\d{3}\] INFO: listening \{"port":5000\}\n$/);
});

t.test('elsewhere it is JSON', async (t) => {
  const line = JSON.parse(written(false)) as Record<string, unknown>;
  t.strictSame(Object.keys(line), ['level', 'time', 'port', 'msg']);
  t.match(line, { level: 'info', time: /^\d{4}-\d\d-\d\dT[\d:.]+Z$/, port: 5000, msg: 'listening' });
});

t.test("a warning of Node's is a log line", async (t) => {
  const before = process.listeners('warning');
  t.teardown(() => {
    process.removeAllListeners('warning');
    for (const listener of before) process.on('warning', listener);
  });
  let text = '';
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString();
      done();
    },
  });
  logProcessWarnings(createLog('info', { isTTY: false, destination }));
  const warned = once(process, 'warning');
  process.emitWarning('many listeners', 'MaxListenersExceededWarning');
  await warned;
  t.match(JSON.parse(text), {
    level: 'warn',
    msg: 'process warning',
    warning: 'MaxListenersExceededWarning',
    reason: 'many listeners',
  });
});

t.test('a request that waits for many models warns of nothing', async (t) => {
  const warnings: Error[] = [];
  const note = (warning: Error) => warnings.push(warning);
  process.on('warning', note);
  t.teardown(() => process.off('warning', note));
  const models = Array.from({ length: 12 }, (_, i) => `m${i}=${embeddedModel}`);
  const daemon = await startDaemon(t, { models });
  for (let i = 0; i < 3; i++) t.equal((await daemon.upload({ file: bytes })).status, 200);
  t.strictSame(warnings, []);
});
