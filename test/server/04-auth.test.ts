import { createHmac } from 'node:crypto';
import t from 'tap';

import { startDaemon, type TestDaemon } from '../support/daemon.js';
import { exchange } from '../support/raw-http.js';
import { picture } from '../support/shapes.js';

const { bytes } = picture('shapes-05');
const secret = 'a secret of some length';
const settings = {
  auth_enabled: true,
  auth_username: 'hook',
  auth_password: 'pässword',
  token_secret: secret,
  token_expiry_seconds: 600,
};

/** Text is taken as JSON that is written already. */
const part = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const now = () => Date.now() / 1000;

/** A JSON web token by hand. */
function token(claims: unknown, { key = secret, header = { alg: 'HS256', typ: 'JWT' }, hash = 'sha256' } = {}): string {
  const content = `${part(header)}.${part(claims)}`;
  return `${content}.${createHmac(hash, key).update(content).digest('base64url')}`;
}

const asked = (daemon: TestDaemon, authorization?: string) =>
  daemon.upload({ file: bytes }, authorization === undefined ? {} : { authorization });

t.test('a login gives a token that opens the routes', async (t) => {
  const daemon = await startDaemon(t, settings);
  const { status, json } = await daemon.post('/login', { username: 'hook', password: 'pässword' });
  t.equal(status, 200);
  const grant = json as { access_token: string; expires: number };
  t.strictSame(Object.keys(grant), ['access_token', 'expires']);
  t.equal(grant.expires, 600, 'a life, not a time');
  for (const scheme of ['Bearer', 'bearer', 'BEARER']) {
    t.equal((await asked(daemon, `${scheme} ${grant.access_token}`)).status, 200, scheme);
  }
  const urls = await daemon.post('/detect_urls', {}, { authorization: `Bearer ${grant.access_token}` });
  t.equal(urls.text, '{"detail":"No URLs provided"}');
});

t.test('the token is HS256 with the user and two times', async (t) => {
  const daemon = await startDaemon(t, settings);
  const { json } = await daemon.post('/login', { username: 'hook', password: 'pässword' });
  const [header = '', payload = '', signature] = (json as { access_token: string }).access_token.split('.');
  t.equal(Buffer.from(header, 'base64url').toString(), '{"alg":"HS256","typ":"JWT"}');
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>;
  t.strictSame(Object.keys(claims), ['sub', 'iat', 'exp']);
  t.equal(claims.sub, 'hook');
  t.ok(Math.abs(Number(claims.iat) - now()) < 60);
  t.ok(Math.abs(Number(claims.exp) - Number(claims.iat) - 600) < 0.001);
  t.equal(signature, createHmac('sha256', secret).update(`${header}.${payload}`).digest('base64url'));
});

t.test('a login that does not fit is 401', async (t) => {
  const daemon = await startDaemon(t, settings);
  const logins = [
    {},
    { username: 'hook' },
    { password: 'pässword' },
    { username: 'hook', password: 'password' },
    { username: 'hook', password: 'pässword ' },
    { username: 'Hook', password: 'pässword' },
    { username: 'hook', password: 5 },
    { username: null, password: null },
    { username: ['hook'], password: ['pässword'] },
  ];
  for (const login of logins) {
    const { status, text } = await daemon.post('/login', login);
    t.equal(status, 401, JSON.stringify(login));
    t.equal(text, '{"detail":"Invalid credentials"}');
  }
});

t.test('with authentication off anybody gets a token, and none is asked for', async (t) => {
  const daemon = await startDaemon(t);
  for (const login of [{}, { username: 'x', password: 'y' }, { username: 5 }]) {
    const { status, json } = await daemon.post('/login', login);
    t.equal(status, 200);
    t.match(json, { access_token: /^[\w-]+\.[\w-]+\.[\w-]+$/, expires: 3600 });
  }
  t.equal((await asked(daemon)).status, 200);
  t.equal((await asked(daemon, 'Bearer garbage')).status, 200, 'a header is ignored');
});

t.test('without a token the routes are 401 and say what they want', async (t) => {
  const daemon = await startDaemon(t, settings);
  for (const authorization of [undefined, 'Bearer', 'Bearer ', 'Basic aG9vazpw', token({ sub: 'hook' })]) {
    const { status, text, headers } = await asked(daemon, authorization);
    t.equal(status, 401, String(authorization).slice(0, 20));
    t.equal(text, '{"detail":"Not authenticated"}');
    t.equal(headers.get('www-authenticate'), 'Bearer');
  }
  t.equal((await daemon.post('/detect_urls', {})).status, 401);
});

t.test('an expired token is told as such', async (t) => {
  const daemon = await startDaemon(t, settings);
  for (const exp of [now() - 1, Math.floor(now()) + 0.9 - 1, 0, -5]) {
    const { status, text, headers } = await asked(daemon, `Bearer ${token({ sub: 'hook', iat: now() - 60, exp })}`);
    t.equal(status, 401, String(exp));
    t.equal(text, '{"detail":"Token expired"}');
    t.equal(headers.get('www-authenticate'), null);
  }
});

t.test('tokens of a server whose tokens live no time are born expired', async (t) => {
  const daemon = await startDaemon(t, { ...settings, token_expiry_seconds: 0 });
  const { json } = await daemon.post('/login', { username: 'hook', password: 'pässword' });
  const { access_token: born } = json as { access_token: string };
  t.equal((await asked(daemon, `Bearer ${born}`)).text, '{"detail":"Token expired"}');
});

t.test('a token that proves nothing is refused', async (t) => {
  const daemon = await startDaemon(t, settings);
  const good = { sub: 'hook', iat: now() - 1, exp: now() + 60 };
  const [header, payload, signature = ''] = token(good).split('.');
  const none = part({ alg: 'none', typ: 'JWT' });
  const refused: Readonly<Record<string, string>> = {
    garbage: 'garbage',
    'three words': 'a.b.c',
    'another key': token(good, { key: 'change-me' }),
    'no signature': `${header}.${payload}.`,
    'two parts': `${header}.${payload}`,
    'a cut signature': `${header}.${payload}.${signature.slice(0, -2)}`,
    'the algorithm none': `${none}.${payload}.`,
    'the algorithm none, signed': `${none}.${payload}.${signature}`,
    'another algorithm': token(good, { header: { alg: 'HS512', typ: 'JWT' }, hash: 'sha512' }),
    'an algorithm that is not what signed': token(good, { header: { alg: 'HS512', typ: 'JWT' } }),
    'other claims': `${header}.${part({ ...good, exp: now() + 9e9 })}.${signature}`,
    'issued in the future': token({ ...good, iat: now() + 600 }),
    'not yet valid': token({ ...good, nbf: now() + 600 }),
    'no user': token({ iat: good.iat, exp: good.exp }),
    'a user that is no text': token({ ...good, sub: 5 }),
    'an expiry that is no number': token({ ...good, exp: 'tomorrow' }),
    'no end': token({ sub: 'hook', iat: good.iat }),
    'an end that is null': token({ ...good, exp: null }),
    'an end after all time': token(`{"sub":"hook","exp":1e999}`),
    'an end before all time': token(`{"sub":"hook","exp":-1e999}`),
    'an end in a hundred years': token({ ...good, exp: now() + 100 * 365 * 86_400 }),
    'a beginning before all time': token(`{"sub":"hook","iat":-1e999,"exp":${now() + 60}}`),
    'claims that are a list': token([good]),
    'claims that are null': token(null),
  };
  for (const [what, value] of Object.entries(refused)) {
    const { status, text } = await asked(daemon, `Bearer ${value}`);
    t.equal(status, 401, what);
    t.equal(text, '{"detail":"Invalid token"}');
  }
});

t.test('a token by anybody who has the secret is good', async (t) => {
  const daemon = await startDaemon(t, settings);
  const iat = now() - 1;
  t.equal((await asked(daemon, `Bearer ${token({ sub: 'hook', iat, exp: now() + 60 })}`)).status, 200);
  t.equal((await asked(daemon, `Bearer ${token({ sub: 'somebody else', iat, exp: now() + 60 })}`)).status, 200);
  t.equal(
    (await asked(daemon, `Bearer ${token({ sub: 'hook', exp: now() + 60 })}`)).status,
    200,
    'without a beginning',
  );
});

t.test('malformed JSON is told before the token is looked at, and a missing field after', async (t) => {
  const daemon = await startDaemon(t, settings);
  t.equal((await daemon.post('/detect_urls', [])).status, 422);
  t.equal((await daemon.post('/detect_urls', { urls: 5 })).status, 401);
  t.equal((await daemon.upload({})).status, 401);
});

t.test('a token may live as long as the server gives tokens', async (t) => {
  const year = 365 * 86_400;
  const daemon = await startDaemon(t, { ...settings, token_expiry_seconds: 10 * year });
  t.equal((await asked(daemon, `Bearer ${token({ sub: 'hook', exp: now() + 9 * year })}`)).status, 200);
});

t.test('two Authorization headers are refused, whichever is good', async (t) => {
  const daemon = await startDaemon(t, settings);
  const good = `Bearer ${token({ sub: 'hook', exp: now() + 60 })}`;
  for (const [first, second] of [
    [good, 'Bearer x'],
    ['Bearer x', good],
    [good, good],
  ]) {
    const text = `POST /detect HTTP/1.1\r\nHost: a\r\nAuthorization: ${first}\r\nauthorization: ${second}\r\n\r\n`;
    const { status, headers } = await exchange(daemon.port, text);
    t.equal(status, 400);
    t.equal(headers['x-error-code'], 'REQUEST_MALFORMED');
  }
});

t.test('a grant is kept by no cache, and a type is never guessed', async (t) => {
  const daemon = await startDaemon(t, settings);
  const login = await daemon.post('/login', { username: 'hook', password: 'pässword' });
  t.equal(login.headers.get('cache-control'), 'no-store');
  const answers = [
    login,
    await daemon.get('/health'),
    await daemon.get('/docs'),
    await daemon.get('/nowhere'),
    await daemon.get('/health/'),
  ];
  for (const { headers } of answers) t.equal(headers.get('x-content-type-options'), 'nosniff');
});

t.test('a body at /login that is not understood is not repeated', async (t) => {
  const daemon = await startDaemon(t, settings);
  const bodies = ['"pässword"', '["hook","pässword"]', '[{"password":"pässword"}]', '{"password": "pässword"'];
  for (const body of bodies) {
    for (const type of ['application/json', 'text/plain', 'application/x-www-form-urlencoded']) {
      const { status, text } = await daemon.request('POST', '/login', { body, headers: { 'content-type': type } });
      t.equal(status, 422, body);
      t.notMatch(text, /pässword/, `${type}: ${body}`);
    }
  }
});

t.test('where tokens are asked for, a long body without one is the missing token', async (t) => {
  const daemon = await startDaemon(t, settings);
  const long = `{"urls": [${' '.repeat(64 * 1024)}]}`;
  const post = (authorization?: string) =>
    daemon.request('POST', '/detect_urls', {
      body: long,
      headers: { 'content-type': 'application/json', ...(authorization === undefined ? {} : { authorization }) },
    });
  t.equal((await post()).text, '{"detail":"Not authenticated"}');
  t.equal((await post('Bearer x')).text, '{"detail":"Invalid token"}');
  const { status, text } = await post(`Bearer ${token({ sub: 'hook', exp: now() + 60 })}`);
  t.equal(text, '{"detail":"No URLs provided"}');
  t.equal(status, 400);
  const login = await daemon.post('/login', { username: 'hook', password: 'x'.repeat(64 * 1024) });
  t.equal(login.status, 413);
});
