import t from 'tap';

import { addressList } from '../../src/config/addresses.js';
import { ZmdetectError } from '../../src/errors.js';
import { addressKey, clientAddress, plainAddress } from '../../src/server/http/address.js';
import { LoginGuard } from '../../src/server/login-guard.js';
import { limits } from '../../src/limits.js';
import { startDaemon } from '../support/daemon.js';

/** A guard with a clock of its own, and what becomes of a login. */
function setUp() {
  let now = 0;
  const guard = new LoginGuard(() => now);
  const login = (client: string, password: string, user = 'admin') => {
    try {
      guard.run(client, user, password, () => {
        if (password !== 'right') throw new ZmdetectError('CREDENTIALS_INVALID');
      });
      return 'in';
    } catch (error) {
      return (error as ZmdetectError).code;
    }
  };
  return { guard, login, pass: (ms: number) => void (now += ms) };
}

const most = limits.loginFailures.value;

t.test('an address may be wrong some times, then once in a while', async (t) => {
  const { login, pass } = setUp();
  for (let i = 0; i < most; i++) t.equal(login('192.0.2.1', `guess ${i}`), 'CREDENTIALS_INVALID');
  t.equal(login('192.0.2.1', 'one more'), 'LOGIN_LIMITED');
  t.equal(login('192.0.2.1', 'right'), 'LOGIN_LIMITED', 'the answer tells nothing about the password');
  t.equal(login('192.0.2.2', 'right'), 'in', 'another address');
  pass(limits.loginRecoveryMs.value);
  t.equal(login('192.0.2.1', 'a guess'), 'CREDENTIALS_INVALID');
  t.equal(login('192.0.2.1', 'right'), 'LOGIN_LIMITED');
  pass(limits.loginRecoveryMs.value);
  t.equal(login('192.0.2.1', 'right'), 'in');
});

t.test('whoever repeats one wrong login locks out no other client of that address', async (t) => {
  const { login } = setUp();
  for (let i = 0; i < 1000; i++) t.equal(login('192.0.2.1', 'old password'), 'CREDENTIALS_INVALID');
  t.equal(login('192.0.2.1', 'right'), 'in');
});

t.test('many addresses with one user name are slowed down, known ones are not locked out', async (t) => {
  const { login } = setUp();
  t.equal(login('192.0.2.1', 'right'), 'in');
  let wrong = 0;
  for (let i = 0; wrong === i; i++) wrong += login(`198.51.100.${i}`, `guess ${i}`) === 'CREDENTIALS_INVALID' ? 1 : 0;
  t.equal(wrong, limits.loginFailuresOfUser.value);
  t.equal(login('203.0.113.1', 'right'), 'LOGIN_LIMITED');
  t.equal(login('192.0.2.1', 'right'), 'in');
  t.equal(login('203.0.113.1', 'a guess', 'another'), 'CREDENTIALS_INVALID', 'another user name');
});

t.test('an IPv6 host is its network', async (t) => {
  const { login } = setUp();
  for (let i = 0; i < most; i++) login(`2001:db8:1:2::${i.toString(16)}`, `guess ${i}`);
  t.equal(login('2001:db8:1:2:ffff::1', 'right'), 'LOGIN_LIMITED');
  t.equal(login('2001:db8:1:3::1', 'right'), 'in');
});

t.test('the table does not grow without end', async (t) => {
  const { guard, login } = setUp();
  for (let i = 0; i < 3 * limits.loginTable.value; i++) {
    login(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, `guess ${i}`, `user ${i}`);
  }
  t.ok(guard.size <= limits.loginTable.value, `${guard.size} entries`);
});

t.test('over HTTP: 401, then 429 with Retry-After, and a line for each that names the client', async (t) => {
  const daemon = await startDaemon(t, { auth_enabled: true, auth_password: 'right', token_secret: 's' });
  const statuses: number[] = [];
  for (let i = 0; i < most + 2; i++) {
    const { status, headers } = await daemon.post('/login', { username: 'admin', password: `gu3ss ${i}` });
    statuses.push(status);
    if (status === 429) t.ok(Number(headers.get('retry-after')) > 0);
  }
  t.strictSame(statuses, [...Array.from({ length: most }, () => 401), 429, 429]);
  t.equal(daemon.logged({ msg: 'login failed', client: '127.0.0.1' }).length, most + 2);
  t.notMatch(daemon.logText, /gu3ss/);
});

t.test('behind a trusted proxy the client is the one that it names', async (t) => {
  const auth = { auth_enabled: true, auth_password: 'right', token_secret: 's' };
  const behind = await startDaemon(t, { ...auth, trusted_proxies: ['127.0.0.0/8'] });
  const login = (daemon: typeof behind, from: string, password: string) =>
    daemon.post('/login', { username: 'admin', password }, { 'x-forwarded-for': from });
  for (let i = 0; i <= most; i++) await login(behind, '192.0.2.1', `guess ${i}`);
  t.equal((await login(behind, '192.0.2.1', 'right')).status, 429);
  t.equal((await login(behind, '192.0.2.2', 'right')).status, 200);
  t.equal(behind.logged({ msg: 'request', client: '192.0.2.1' }).length, most + 2);

  const open = await startDaemon(t, auth);
  await login(open, '192.0.2.1', 'right');
  t.match(open.logged({ msg: 'request' }), [{ client: '127.0.0.1' }]);
});

t.test('addresses', async (t) => {
  t.equal(plainAddress('::ffff:192.0.2.1'), '192.0.2.1');
  t.equal(addressKey('::ffff:192.0.2.1'), '192.0.2.1');
  t.equal(addressKey('2001:db8::1'), '2001:db8:0:0::/64');
  t.equal(addressKey('::1'), '0:0:0:0::/64');
  t.equal(addressKey('fe80::1%eth0'), 'fe80:0:0:0::/64');
  t.equal(addressKey('2001:DB8:0001:2:3:4:5:6'), '2001:db8:1:2::/64');
  const proxies = addressList(['10.0.0.0/8', '::1', '192.0.2.9']);
  t.ok(proxies);
  if (!proxies) return;
  const rows: ReadonlyArray<readonly [peer: string, header: string | undefined, client: string]> = [
    ['203.0.113.1', '192.0.2.1', '203.0.113.1'],
    ['10.0.0.1', undefined, '10.0.0.1'],
    ['10.0.0.1', '192.0.2.1', '192.0.2.1'],
    ['::ffff:10.0.0.1', '192.0.2.1', '192.0.2.1'],
    ['10.0.0.1', '198.51.100.1, 192.0.2.1', '192.0.2.1'],
    ['10.0.0.1', '198.51.100.1, 192.0.2.9,10.2.2.2', '198.51.100.1'],
    ['10.0.0.1', 'unknown', '10.0.0.1'],
    ['10.0.0.1', '192.0.2.1:4711', '192.0.2.1'],
    ['::1', '[2001:db8::7]:80', '2001:db8::7'],
  ];
  for (const [peer, header, client] of rows) t.equal(clientAddress(peer, header, proxies), client, `${peer} ${header}`);
  for (const wrong of ['x', '10.0.0.0/33', '10.0.0/8', '::1/129', '10.0.0.1/'])
    t.equal(addressList([wrong]), undefined, wrong);
});
