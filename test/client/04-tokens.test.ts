import { setTimeout as wait } from 'node:timers/promises';
import t from 'tap';
import type { Test } from 'tap';

import { detectorFor, failure, picture } from '../support/client.js';
import { type Answers, type Asked, FakeGateway, result } from '../support/gateway.js';

/** Gives the tokens t1, t2, ... of this life, and takes those that `holds` says. */
function withLogin(seconds: number, holds: (token: string) => boolean): Answers {
  return {
    '/login': (_, count) => ({ body: { access_token: `t${count}`, expires: seconds } }),
    '/detect': ({ headers }) =>
      holds(headers.authorization ?? '') ? { body: result() } : { status: 401, body: { detail: 'Token expired' } },
  };
}

async function start(t: Test, answers: Answers) {
  const gateway = await FakeGateway.start(t, 'G2', answers);
  const login = { gatewayUsername: 'zm', gatewayPassword: 'pass"word' };
  return { gateway, ...detectorFor(t, { gateway: gateway.url, ...login }) };
}

const authorization = (asked: Asked) => asked.headers.authorization;

t.test('one login serves many requests, also at once', async (t) => {
  const { gateway, detector } = await start(
    t,
    withLogin(3600, (token) => token === 'Bearer t1'),
  );
  await Promise.all([detector.detect(picture), detector.detect(picture)]);
  await detector.detect(picture);
  t.strictSame(gateway.routes(), ['/login', '/detect', '/detect', '/detect']);
  t.strictSame(JSON.parse(gateway.asked[0]?.body.toString() ?? ''), { username: 'zm', password: 'pass"word' });
});

t.test('a token is renewed before its end', async (t) => {
  const { gateway, detector } = await start(
    t,
    withLogin(1, () => true),
  );
  await detector.detect(picture);
  await wait(950);
  await detector.detect(picture);
  t.strictSame(gateway.asked.map(authorization), [undefined, 'Bearer t1', undefined, 'Bearer t2']);
});

t.test('a token that is refused is renewed once', async (t) => {
  const { gateway, detector } = await start(
    t,
    withLogin(3600, (token) => token !== 'Bearer t1'),
  );
  t.equal((await detector.detect(picture)).summary, 'person:90%');
  t.strictSame(gateway.routes(), ['/login', '/detect', '/login', '/detect']);
});

t.test('refused twice: an error', async (t) => {
  const { gateway, detector } = await start(
    t,
    withLogin(3600, () => false),
  );
  const error = await failure(t, detector.detect(picture), 'GATEWAY_LOGIN_REFUSED');
  t.match(error.message, 'status 401, Token expired');
  t.strictSame(gateway.routes(), ['/login', '/detect', '/login', '/detect']);
});

t.test('a token that is born expired serves one request', async (t) => {
  const { gateway, detector } = await start(
    t,
    withLogin(0, () => true),
  );
  await detector.detect(picture);
  await detector.detect(picture);
  t.strictSame(gateway.routes().filter((route) => route === '/detect').length, 2);
  t.ok(gateway.routes().filter((route) => route === '/login').length >= 2);
});

t.test('a wrong password', async (t) => {
  const { detector, log } = await start(t, {
    '/login': () => ({ status: 401, body: { detail: 'Invalid credentials' } }),
  });
  const error = await failure(t, detector.detect(picture), 'GATEWAY_LOGIN_REFUSED');
  t.match(error.message, 'Invalid credentials');
  t.notMatch(JSON.stringify(error) + error.message + log.text, 'pass');
});

t.test('no user: no login, and a server that wants one refuses (older ones with 403)', async (t) => {
  const gateway = await FakeGateway.start(t, 'G2', {
    '/detect': (_, count) => ({ status: count === 1 ? 403 : 401, body: { detail: 'Not authenticated' } }),
  });
  const { detector } = detectorFor(t, { gateway: gateway.url });
  await failure(t, detector.detect(picture), 'GATEWAY_LOGIN_REFUSED');
  await failure(t, detector.detect(picture), 'GATEWAY_LOGIN_REFUSED');
  t.strictSame(gateway.routes(), ['/detect', '/detect']);
});

t.test('a server that wants no login: none to be had, or a reply without a token', async (t) => {
  for (const login of [{ status: 404 }, { body: {} }, { body: { access_token: null } }]) {
    const { gateway, detector } = await start(t, { '/login': () => login, '/detect': () => ({ body: result() }) });
    t.equal((await detector.detect(picture)).summary, 'person:90%');
    t.equal(gateway.asked.at(-1)?.headers.authorization, undefined);
  }
});

t.test('a login that fails for other reasons says which', async (t) => {
  for (const [answer, code] of [
    [{ status: 503 }, 'GATEWAY_BUSY'],
    [{ body: '<html>' }, 'GATEWAY_UNEXPECTED'],
    ['cut', 'GATEWAY_UNREACHABLE'],
  ] as const) {
    const { detector } = await start(t, { '/login': () => answer });
    await failure(t, detector.detect(picture), code);
  }
});
