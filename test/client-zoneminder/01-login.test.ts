import type { ServerResponse } from 'node:http';
import t from 'tap';

import { page, type Seen } from '../support/fake-zoneminder.js';
import { errorOf, setUp } from './client.js';

t.test('a token is asked for once, and sent with every request', async (t) => {
  const { server, zm } = await setUp(t);
  await zm.event(1);
  await zm.fetchFrame(1, 'snapshot');
  t.equal(await zm.authQuery(), 'token=ACCESS-SECRET-1');
  t.equal(server.logins.length, 1);
  t.same(
    server.seen.slice(1).map(({ query }) => query.get('token')),
    ['ACCESS-SECRET-1', 'ACCESS-SECRET-1'],
  );
  t.same(await zm.version(), { zoneMinder: '1.36.33', api: '2.0' });
});

t.test('requests that begin together log in once', async (t) => {
  const { server, zm } = await setUp(t);
  await Promise.all([zm.event(1), zm.event(1), zm.authQuery()]);
  t.equal(server.logins.length, 1);
});

t.test('a wrong password is refused with what ZoneMinder says', async (t) => {
  const { zm } = await setUp(t, {}, { password: 'wrong SECRET' });
  const error = await errorOf(t, zm.event(1));
  t.equal(error.code, 'ZONEMINDER_REFUSED');
  t.match(error.message, /refuses user "zmdetect" \(Login denied for user "zmdetect"\)/);
});

t.test('a server message that repeats the password is shown without it', async (t) => {
  const answers = {
    'login.json': (response: ServerResponse, { form }: Seen) =>
      void response.writeHead(401).end(JSON.stringify({ data: { message: `no ${form.get('pass') ?? ''}!` } })),
  };
  const { zm } = await setUp(t, { answers });
  t.match((await errorOf(t, zm.login())).message, /\(no \*\*\*!\)/);
});

t.test('a token is renewed before it ends, with the refresh token', async (t) => {
  const { server, zm } = await setUp(t, { tokenSeconds: 0.04 });
  await zm.event(1);
  await new Promise((resolve) => setTimeout(resolve, 50));
  t.equal(await zm.authQuery(), 'token=ACCESS-SECRET-2');
  t.same([...(server.logins[1]?.keys() ?? [])], ['token'], 'the password was sent once only');
});

t.test('a token that ZoneMinder no longer takes is renewed, and the request repeated', async (t) => {
  const { server, zm } = await setUp(t);
  await zm.event(1);
  server.revoke();
  t.equal((await zm.event(1)).monitorId, 7);
  t.equal(server.logins.length, 2);
});

t.test('where the refresh token is not taken either, the password is sent again', async (t) => {
  const { server, zm, log } = await setUp(t);
  await zm.event(1);
  server.revoke();
  server.refreshWorks = false;
  await zm.event(1);
  t.same(
    server.logins.map((form) => [...form.keys()]),
    [['user', 'pass'], ['token'], ['user', 'pass']],
  );
  t.match(log, [/does not take the refresh token \(status 401\)/]);
});

t.test('a request that stays refused is tried twice, not more', async (t) => {
  const refuse = (response: ServerResponse) =>
    void response.writeHead(401).end('{"data":{"message":"Insufficient Privileges"}}');
  const { server, zm } = await setUp(t, { answers: { '/events/1.json': refuse } });
  const error = await errorOf(t, zm.setNotes(1, 'x'));
  t.equal(error.code, 'ZONEMINDER_REFUSED');
  t.match(error.message, /status 401 \(Insufficient Privileges\)/);
  t.equal(server.seen.filter(({ path }) => path.endsWith('/events/1.json')).length, 2);
});

t.test('the text of an older ZoneMinder goes with every request', async (t) => {
  const { server, zm } = await setUp(t, { login: 'auth', version: '1.32.3' });
  await zm.event(1);
  t.equal(await zm.authQuery(), 'auth=SECRET1');
  server.revoke();
  await zm.event(1);
  t.equal(await zm.authQuery(), 'auth=SECRET2', 'renewed by a login');
});

t.test('an older ZoneMinder may want the password at the end of that text', async (t) => {
  const { zm } = await setUp(t, { login: 'plain' });
  t.equal((await zm.event(1)).id, 1);
  t.equal(await zm.authQuery(), 'user=zmdetect&pass=pa%26ss%3Dw%2Brd%25%23%20SECRET');
});

t.test('without a user nobody logs in', async (t) => {
  const { server, zm } = await setUp(t, { login: 'off' }, { user: undefined, password: undefined });
  t.equal((await zm.event(1)).id, 1);
  t.equal(await zm.authQuery(), '');
  t.equal(server.logins.length, 0);
  t.equal((await zm.version()).zoneMinder, '1.36.33');
});

t.test('a user for a ZoneMinder that wants none is warned about', async (t) => {
  const { zm, log } = await setUp(t, { login: 'off' });
  t.equal(await zm.authQuery(), '');
  t.match(log, [/OPT_USE_AUTH is off/]);
});

t.test('no user for a ZoneMinder that wants one is refused', async (t) => {
  const { zm } = await setUp(t, {}, { user: undefined });
  t.match(await errorOf(t, zm.event(1)), { code: 'ZONEMINDER_REFUSED', message: /Expired token/ });
});

t.test('a web page in place of the login is named', async (t) => {
  const { zm } = await setUp(t, { answers: { 'login.json': page } });
  t.match(await errorOf(t, zm.login()), {
    code: 'ZONEMINDER_UNEXPECTED',
    message: /expected JSON, got status 200 with a web page/,
  });
});
