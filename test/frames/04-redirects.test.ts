import type { LookupAddress } from 'node:dns';
import t, { type Test } from 'tap';

import { FrameFetcher } from '../../src/frames/fetcher.js';
import { FetchPolicy } from '../../src/frames/policy.js';
import { FrameServer } from '../support/frame-server.js';

const alarm = Buffer.from('a picture of an alarm');
const signal = new AbortController().signal;

/** A server whose `redirect-elsewhere` leads to `elsewhere`, and one way of asking it. */
async function setUp(t: Test, elsewhere?: string, policy = new FetchPolicy()) {
  const server = await FrameServer.start({ pictures: { alarm }, elsewhere });
  const fetcher = new FrameFetcher({ version: '0', policy });
  t.teardown(async () => {
    await fetcher.close();
    await server.close();
  });
  const get = (url: string, zmAuth = '') => fetcher.fetchFrame({ url, zmAuth, verifySsl: true, isLocal: true }, signal);
  return { server, get };
}

t.test('relative and absolute redirects lead to the frame, without the credentials', async (t) => {
  const { server, get } = await setUp(t);
  for (const fid of ['redirect-alarm', 'redirect-absolute-alarm', 'redirect-redirect-alarm']) {
    const outcome = await get(server.urlOf(fid), 'token=SECRET');
    if (!outcome.ok) return t.fail(outcome.reason);
    t.same(outcome.bytes, alarm);
    t.equal(outcome.finalUrl, server.urlOf('alarm'));
    t.notMatch(server.requests.at(-1)?.url, /SECRET/);
  }
});

t.test('a login in the URL stays with the server that it was written for', async (t) => {
  const other = await FrameServer.start({ pictures: { alarm } });
  t.teardown(() => other.close());
  const { server, get } = await setUp(t, other.urlOf('alarm'));
  const outcome = await get(server.urlOf('redirect-elsewhere').replace('http://', 'http://user:password@'));
  t.match(outcome, { ok: true });
  t.ok(server.requests[0]?.headers.authorization);
  t.notOk(other.requests[0]?.headers.authorization);
});

t.test('a login in a Location is not used', async (t) => {
  const other = await FrameServer.start({ pictures: { alarm } });
  t.teardown(() => other.close());
  const { server, get } = await setUp(t, other.urlOf('alarm').replace('http://', 'http://user:password@'));
  t.match(await get(server.urlOf('redirect-elsewhere')), { ok: true, finalUrl: other.urlOf('alarm') });
  t.notOk(other.requests[0]?.headers.authorization);
});

t.test('a loop ends after 30 redirects', async (t) => {
  const { server, get } = await setUp(t);
  t.match(await get(server.urlOf('redirect-loop')), { ok: false, kind: 'redirects', reason: /more than 30 redirects/ });
  t.equal(server.requests.length, 31);
});

t.test('a status behind a redirect is reported for the URL that gave it', async (t) => {
  const { server, get } = await setUp(t);
  const outcome = await get(server.urlOf('redirect-missing'), 'token=SECRET');
  t.match(outcome, {
    ok: false,
    kind: 'status',
    status: 404,
    reason: `${server.urlOf('missing').replace('missing', '***')}: the answer is status 404`,
  });
});

t.test('the policy holds for where a redirect leads', async (t) => {
  for (const elsewhere of ['http://169.254.169.254/', 'http://[::ffff:a9fe:a9fe]/', 'file:///etc/passwd']) {
    const { server, get } = await setUp(t, elsewhere);
    t.match(await get(server.urlOf('redirect-elsewhere')), { ok: false, kind: 'refused-by-policy' }, elsewhere);
  }
});

t.test('the policy holds for the address that a name has when the connection is made', async (t) => {
  const answers = ['127.0.0.1', '169.254.169.254'];
  const resolve = async (): Promise<LookupAddress[]> => [{ address: answers.shift() ?? '', family: 4 }];
  const policy = new FetchPolicy({}, resolve);
  const { server, get } = await setUp(t, 'http://rebinding.lan:81/', policy);
  const outcome = await get(`http://cam.lan:${server.port}/index.php?fid=redirect-elsewhere`);
  t.match(outcome, {
    ok: false,
    kind: 'refused-by-policy',
    reason: /rebinding\.lan is refused: 169\.254\.169\.254 is a link-local/,
  });
  t.equal(server.requests.length, 1);
});

t.test('a redirect to what is no URL leads nowhere', async (t) => {
  const { server, get } = await setUp(t, 'http://[nonsense');
  t.match(await get(server.urlOf('redirect-elsewhere')), { ok: false, kind: 'redirects' });
});
