/** No credential in an outcome, a log line or an error, its causes included. */
import { Writable } from 'node:stream';
import { inspect } from 'node:util';
import { pino } from 'pino';
import t from 'tap';

import { FrameFetcher } from '../../src/frames/fetcher.js';
import { retryMissing } from '../../src/frames/retry.js';
import { fetchInOrder } from '../../src/frames/window.js';
import { FrameServer } from '../support/frame-server.js';

const secret = /SECRET|U0VDUkVU/; // as it is, and in base64
const zmAuth = 'user=SECRET&pass=SECRET&SECRET&token=SECRET';
const alarm = Buffer.alloc(1000, 'a');
const server = await FrameServer.start({
  pictures: { alarm },
  elsewhere: 'http://SECRET:SECRET@127.0.0.1:1/x?token=SECRET',
});
const fetcher = new FrameFetcher({ version: '0', maxFrameBytes: 5000, idleTimeoutMs: 200, connectTimeoutMs: 200 });
t.teardown(async () => {
  await fetcher.close();
  await server.close();
});

const withLogin = (url: string) => url.replace('http://', 'http://SECRET:SECRET@');
const urls = [
  ...['alarm', 'missing', 'error', 'empty', 'bomb', 'endless', 'hangup-alarm', 'stall-alarm', 'redirect-loop'].map(
    (fid) => withLogin(server.urlOf(fid)),
  ),
  withLogin(server.urlOf('redirect-elsewhere')),
  withLogin(server.urlOf('alarm')).replace('http:', 'https:'),
  'http://SECRET:SECRET@127.0.0.1:1/?SECRET',
  'http://SECRET:SECRET@no-such-host.invalid/token=SECRET',
  'http://SECRET:SECRET@169.254.169.254/',
  'http://SECRET:SECRET@[broken/',
  'http://%zz:SECRET@127.0.0.1/',
  'SECRET://SECRET:SECRET@zm/',
  'SECRET',
  'http://127.0.0.1:99999/SECRET?SECRET',
];

/** Everything that a careless logger could print of `value`. */
function everythingOf(value: unknown): string {
  const lines: string[] = [];
  const stream = new Writable({
    write(chunk, _, done) {
      lines.push(String(chunk));
      done();
    },
  });
  const log = pino({ level: 'trace' }, stream);
  log.error({ err: value, value }, value instanceof Error ? value.message : 'outcome');
  lines.push(inspect(value, { depth: 20, showHidden: true, getters: true }), String(value));
  for (let link = value; link instanceof Error; link = link.cause)
    lines.push(link.message, link.stack ?? '', inspect(link));
  return lines.join('\n');
}

t.test('these tests would see a credential, also in the cause of a cause', async (t) => {
  const cause = new Error('inner', { cause: new Error('GET /?token=SECRET') });
  t.match(everythingOf(new Error('outer', { cause })), secret);
  t.match(
    everythingOf({ ok: false, reason: { headers: `Basic ${Buffer.from('SECRET').toString('base64')}` } }),
    secret,
  );
});

t.test('an outcome holds no credential, whatever became of the fetch', async (t) => {
  for (const url of urls) {
    const outcome = await fetcher.fetchFrame(
      { url, zmAuth, verifySsl: true, isLocal: true },
      new AbortController().signal,
    );
    t.notMatch(everythingOf(outcome), secret, outcome.ok ? outcome.finalUrl : outcome.reason);
  }
});

t.test('the error of an aborted fetch holds none', async (t) => {
  for (const fid of ['delay-60000-alarm', 'stall-alarm', 'endless']) {
    const controller = new AbortController();
    const request = { url: withLogin(server.urlOf(fid)), zmAuth, verifySsl: true, isLocal: true };
    const fetching = fetcher.fetchFrame(request, controller.signal);
    setTimeout(() => controller.abort(), 20);
    const error = await fetching.then(
      (outcome) => outcome,
      (thrown: unknown) => thrown,
    );
    t.notMatch(everythingOf(error), secret, fid);
  }
});

t.test('nor does an error that comes through the window and the retries', async (t) => {
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 100);
  const fetchOne = (url: string, signal: AbortSignal) =>
    retryMissing(
      (signal) => fetcher.fetchFrame({ url, zmAuth, verifySsl: true, isLocal: true }, signal),
      { maxAttempts: 9 },
      signal,
    );
  try {
    for await (const outcome of fetchInOrder(urls, fetchOne, { signal: controller.signal })) {
      t.notMatch(everythingOf(outcome), secret);
    }
    t.fail('it was aborted');
  } catch (error) {
    t.notMatch(everythingOf(error), secret);
  }
});

t.test('the fetcher itself shows none while it works', async (t) => {
  const controller = new AbortController();
  const request = { url: withLogin(server.urlOf('delay-60000-alarm')), zmAuth, verifySsl: true, isLocal: true };
  const fetching = fetcher.fetchFrame(request, controller.signal);
  await new Promise((done) => setTimeout(done, 20));
  t.notMatch(everythingOf(fetcher), secret);
  controller.abort();
  await t.rejects(fetching);
});
