import t, { type Test } from 'tap';

import { FrameFetcher } from '../../src/frames/fetcher.js';
import { type Certificate, selfSigned } from '../support/certificate.js';
import { FrameServer } from '../support/frame-server.js';

const alarm = Buffer.from('a picture of an alarm');
const signal = new AbortController().signal;
const certificate = selfSigned();
const elsewhereOnly = selfSigned('DNS:elsewhere.example');
const skip = certificate === undefined ? 'there is no openssl command' : false;

/** An https server with `served`, a plain one that it redirects to, and a fetcher that trusts `trusted`. */
async function setUp(t: Test, served: Certificate | undefined, trusted: readonly (Certificate | undefined)[] = []) {
  const plain = await FrameServer.start({ pictures: { alarm } });
  const server = await FrameServer.start({ pictures: { alarm }, certificate: served, elsewhere: plain.urlOf('alarm') });
  const extraCertificates = trusted.map((one) => one?.cert ?? '');
  const fetcher = new FrameFetcher({ version: '0', extraCertificates });
  t.teardown(async () => {
    await fetcher.close();
    await server.close();
    await plain.close();
  });
  const get = (fid: string, verifySsl: boolean) =>
    fetcher.fetchFrame({ url: server.urlOf(fid), zmAuth: 'token=SECRET', verifySsl, isLocal: true }, signal);
  return { server, plain, get };
}

t.test('a self-signed certificate is refused, and named as the cause', { skip }, async (t) => {
  const { server, get } = await setUp(t, certificate);
  t.match(await get('alarm', true), { ok: false, kind: 'tls', reason: /DEPTH_ZERO_SELF_SIGNED_CERT/ });
  t.equal(server.requests.length, 0, 'the token was not sent');
});

t.test('without verification it serves', { skip }, async (t) => {
  const { get } = await setUp(t, certificate);
  t.match(await get('alarm', false), { ok: true, bytes: alarm });
});

t.test('the choice is that of each request, whatever connections are open', { skip }, async (t) => {
  const { server, get } = await setUp(t, certificate);
  const outcomes = [];
  for (const verifySsl of [false, true, false, true]) outcomes.push((await get('alarm', verifySsl)).ok);
  t.same(outcomes, [true, false, true, false]);
  t.equal(server.requests.length, 2);
});

t.test('a certificate that the operator trusts is verified', { skip }, async (t) => {
  const { get } = await setUp(t, certificate, [certificate]);
  t.match(await get('alarm', true), { ok: true, bytes: alarm });
});

t.test('a trusted certificate for another host is refused', { skip }, async (t) => {
  const { server, get } = await setUp(t, elsewhereOnly, [elsewhereOnly]);
  t.match(await get('alarm', true), { ok: false, kind: 'tls', reason: /ERR_TLS_CERT_ALTNAME_INVALID/ });
  t.equal(server.requests.length, 0);
});

t.test('a redirect from https to http is followed, without the credentials', { skip }, async (t) => {
  const { plain, get } = await setUp(t, certificate);
  t.match(await get('redirect-elsewhere', false), { ok: true, bytes: alarm, finalUrl: plain.urlOf('alarm') });
  t.notMatch(plain.requests[0]?.url, /SECRET/);
});
