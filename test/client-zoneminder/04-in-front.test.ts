/** What stands between the client and ZoneMinder: PHP's notices, a login of the web server, https, a stream. */
import type { ServerResponse } from 'node:http';
import t from 'tap';

import { selfSigned } from '../support/certificate.js';
import { FakeZoneMinder } from '../support/fake-zoneminder.js';
import { errorOf, setUp } from './client.js';

const certificate = selfSigned();
const skip = certificate === undefined ? 'there is no openssl command' : false;
const body = JSON.stringify({ event: { Event: { Id: '1', MonitorId: '7', Name: 'a {b} [c]' } } });
const html = (text: string) => (response: ServerResponse) =>
  void response.writeHead(200, { 'content-type': 'text/html; charset=UTF-8' }).end(text);

const notices = {
  'a notice': `<br />\n<b>Notice</b>:  Undefined index: foo in <b>/usr/share/zm/x.php</b> on line <b>12</b><br />\n${body}`,
  'two of them, with brackets': `<b>Warning</b>: array {x} [y] in <b>/x</b><br/>{ <b>Notice</b>: z in <b>/x</b> on line 1\n${body}`,
  'in plain text': `PHP Deprecated:  strlen(): Passing null in /usr/share/zm/x.php on line 12\n\n${body}`,
  'before and behind': `\nWarning: a in /x on line 1\n${body}<br />\n<b>Warning</b>: b in <b>/x</b> on line <b>1</b><br />`,
};

for (const [name, text] of Object.entries(notices)) {
  t.test(`JSON is found beside PHP's words: ${name}`, async (t) => {
    const { zm } = await setUp(t, { answers: { '/events/1.json': html(text) } });
    t.match(await zm.event(1), { id: 1, monitorId: 7, name: 'a {b} [c]' });
  });
}

t.test('an answer without JSON is named by what PHP says', async (t) => {
  const fault = '<br />\n<b>Fatal error</b>:  Out of memory (allocated 1) in <b>/usr/SECRET.php</b> on line <b>3</b>';
  const { zm } = await setUp(t, { answers: { '/events/1.json': html(fault) } });
  t.match(await errorOf(t, zm.event(1)), {
    code: 'ZONEMINDER_UNEXPECTED',
    message: /got status 200 with a web page that begins with PHP's "Fatal error: Out of memory \(allocated 1\)"/,
  });
});

t.test('many brackets cost no more than a few tries', async (t) => {
  const text = `Notice: x in /x\n${' {'.repeat(2_000_000)}`;
  const { zm } = await setUp(t, { answers: { '/events/1.json': html(text) } });
  t.match(await errorOf(t, zm.event(1)), { code: 'ZONEMINDER_UNEXPECTED' });
});

t.test("a web server's login is told from ZoneMinder's", async (t) => {
  const guarded = (response: ServerResponse) =>
    void response.writeHead(401, { 'www-authenticate': 'Negotiate, Basic realm="zm"' }).end();
  const answers = { '/host/login.json': guarded, '/events/1.json': guarded, '/index.php': guarded };
  const { server, zm } = await setUp(t, { answers });
  t.match(await errorOf(t, zm.event(1)), {
    code: 'ZONEMINDER_REFUSED',
    message: /the web server in front wants a Basic login/,
    params: { challenge: 'basic' },
  });
  t.equal(server.seen.length, 1);
});

t.test('a certificate that is not taken is told with and without the advice', { skip }, async (t) => {
  const { zm } = await setUp(t, { certificate });
  const { message, params } = await errorOf(t, zm.event(1));
  t.match(message, /SELF_SIGNED.*tls\./);
  t.match(params, { kind: 'tls', fault: /SELF_SIGNED/ });
  t.notMatch(params.fault, /tls\./);
});

t.test('http that redirects to https on the same host is followed there, and nowhere else', { skip }, async (t) => {
  const secure = await FakeZoneMinder.start(t, { certificate });
  const away = secure.apiUrl.replace('/zm/api', '');
  const moved = (response: ServerResponse, path: string) =>
    void response.writeHead(308, { location: `${away}${path}` }).end();
  const answers = {
    '/host/login.json': (response: ServerResponse) => moved(response, '/zm/api/host/login.json'),
    '/events/1.json': (response: ServerResponse, { query }: { query: URLSearchParams }) =>
      moved(response, `/zm/api/events/1.json?${query.toString()}`),
  };
  const { zm } = await setUp(t, { answers }, { tls: { verify: false }, basicAuth: { user: 'a', password: 'SECRET' } });
  t.match(await zm.event(1), { id: 1 });
  t.equal(secure.seen.length, 2);
  t.ok(
    secure.seen.every(({ authorization }) => authorization === undefined),
    'another port gets no Basic login',
  );
  const strict = await setUp(t, { answers });
  t.match(await errorOf(t, strict.zm.event(1)), { code: 'ZONEMINDER_UNREACHABLE', message: /SELF_SIGNED/ });
});

t.test('a stream in place of a frame is refused at its headers', async (t) => {
  const stream = (response: ServerResponse) => {
    response.writeHead(200, { 'content-type': 'multipart/x-mixed-replace; boundary=x' });
    response.write('--x\r\n');
  };
  const { zm } = await setUp(t, { answers: { '/index.php': stream } });
  t.match(await errorOf(t, zm.fetchFrame(1, 'snapshot')), {
    code: 'ZONEMINDER_UNREACHABLE',
    message: /fid=snapshot&\*\*\*: the URL is a stream \(multipart\).*view=image/,
  });
});

t.test('no part of a portal that may be a secret stands in a sentence', async (t) => {
  const { zm } = await setUp(t, {}, { portalUrl: 'http://127.0.0.1:1/SECRET/zm' });
  t.match((await errorOf(t, zm.fetchFrame(1, 'snapshot'))).message, /http:\/\/127\.0\.0\.1:1\/\*\*\*\/zm\/index\.php/);
  const hidden = await setUp(t, {}, { apiUrl: 'http://127.0.0.1:1/SECRET/api' });
  t.match((await errorOf(t, hidden.zm.event(1))).message, /http:\/\/127\.0\.0\.1:1\/\*\*\*\/api\/host\/login\.json/);
});
