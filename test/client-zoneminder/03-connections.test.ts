import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { inspect } from 'node:util';
import t from 'tap';

import { ZoneMinder } from '../../src/client/zoneminder/client.js';
import { selfSigned } from '../support/certificate.js';
import { password } from '../support/fake-zoneminder.js';
import { errorOf, setUp } from './client.js';

const certificate = selfSigned();
const skip = certificate === undefined ? 'there is no openssl command' : false;

t.test('a self-signed certificate is refused with the two ways out', { skip }, async (t) => {
  const { server, zm } = await setUp(t, { certificate });
  const error = await errorOf(t, zm.event(1));
  t.equal(error.code, 'ZONEMINDER_UNREACHABLE');
  t.match(error.message, /SELF_SIGNED.*`tls\.ca`.*`tls\.verify`/);
  t.equal(server.seen.length, 0, 'the password was not sent');
});

t.test('it is taken when its file is given', { skip }, async (t) => {
  const ca = path.join(t.testdir(), 'ca.pem');
  writeFileSync(ca, certificate?.cert ?? '');
  const { zm, log } = await setUp(t, { certificate }, { tls: { ca } });
  t.equal((await zm.event(1)).id, 1);
  t.ok(zm.verifiesTls);
  t.strictSame(log, []);
});

t.test('or when nothing is checked, which is logged', { skip }, async (t) => {
  const { zm, log } = await setUp(t, { certificate }, { tls: { verify: false } });
  t.equal((await zm.event(1)).id, 1);
  t.notOk(zm.verifiesTls);
  t.match(log, [/the certificate of https:\/\/127\.0\.0\.1:\d+\/zm\/api is not checked/]);
});

t.test('a file of certificates that is not there', (t) => {
  const make = () => new ZoneMinder({ apiUrl: 'https://zm/zm/api', tls: { ca: '/no/such.pem' } });
  t.throws(make, { code: 'CONFIG_INVALID', message: /readable PEM file for tls\.ca, got \/no\/such\.pem \(ENOENT\)/ });
  t.end();
});

t.test('nobody listens', async (t) => {
  const zm = new ZoneMinder({ apiUrl: 'http://127.0.0.1:1/zm/api', user: 'zmdetect', password });
  t.match(await errorOf(t, zm.event(1)), { code: 'ZONEMINDER_UNREACHABLE', message: /no connection \(ECONNREFUSED\)/ });
});

t.test('an answer that does not end in time', async (t) => {
  const { zm } = await setUp(
    t,
    { answers: { '/events/1.json': (response) => response.write('{') } },
    { timeoutMs: 200 },
  );
  t.match(await errorOf(t, zm.event(1)), { code: 'ZONEMINDER_UNREACHABLE', message: /no whole answer within 200 ms/ });
});

t.test('a signal ends a fetch with its reason', async (t) => {
  const { zm } = await setUp(t, { answers: { '/index.php': () => undefined } });
  const controller = new AbortController();
  const fetched = zm.fetchFrame(1, 'snapshot', controller.signal);
  setTimeout(() => {
    controller.abort(new Error('enough'));
  }, 50);
  await t.rejects(fetched, { message: 'enough' });
});

t.test("the web server's own login goes along", async (t) => {
  const { server, zm } = await setUp(t, {}, { basicAuth: { user: 'web', password: 'SECRET' } });
  await zm.event(1);
  const expected = `Basic ${Buffer.from('web:SECRET').toString('base64')}`;
  t.ok(server.seen.every(({ authorization }) => authorization === expected));
});

t.test('a URL that is none', (t) => {
  t.throws(() => new ZoneMinder({ apiUrl: 'zm.example.org' }), {
    code: 'OPTION_INVALID',
    message: 'expected an http(s) URL for apiUrl, got (unreadable URL)',
  });
  t.end();
});

t.test('printing a client shows no secret', async (t) => {
  const { zm } = await setUp(t);
  await zm.event(1);
  t.notMatch(inspect(zm, { depth: 9, showHidden: true }), /SECRET/);
});

t.test('the portal is where the API is, unless said otherwise', (t) => {
  const frame = (options: { apiUrl: string; portalUrl?: string }) => new ZoneMinder(options).frameUrl(5, 'alarm');
  t.equal(frame({ apiUrl: 'https://zm/zm/api/' }), 'https://zm/zm/index.php?view=image&eid=5&fid=alarm');
  t.equal(frame({ apiUrl: 'https://zm/api', portalUrl: 'http://lan/zm/' }), 'http://lan/zm/index.php?view=image&eid=5&fid=alarm'); // prettier-ignore
  t.end();
});
