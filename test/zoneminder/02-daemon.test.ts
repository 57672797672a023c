/** A split installation on the wire: the daemon fetches frames from a real ZoneMinder, or is sent them. */
import { createSigner } from 'fast-jwt';
import t, { type Test } from 'tap';

import { resultOf, urlsReplyOf } from '../support/shapes.js';
import { client, daemon, events, photo, skipUnlessWanted, tlsApiUrl, tokenSecret, user, wanted } from './world.js';

skipUnlessWanted();

type Options = Partial<Parameters<typeof client>[1]>;

/** One for all tests, since loading its model takes longer than they do. */
const started = wanted ? daemon(t) : undefined;

async function setUp(t: Test, options: Options = {}) {
  const zm = client(t, options);
  if (started === undefined) throw new Error('there is no daemon where no ZoneMinder is wanted');
  const server = await started;
  const logged = server.log.length;
  const ask = async (eventId: number, frames: readonly string[], fields: Readonly<Record<string, unknown>>) => {
    const urls = frames.map((frame) => ({ frame_id: frame, url: zm.frameUrl(eventId, frame) }));
    const { status, json } = await server.post('/detect_urls', { urls, ...fields });
    t.equal(status, 200);
    return urlsReplyOf(json);
  };
  /** What the daemon logged since. */
  const log = () => server.log.slice(logged).join('');
  return { zm, server, ask, log };
}

const framesOf = ({ results }: { results: readonly { frame_id: string | null }[] }) =>
  results.map((result) => result.frame_id);

t.test('URL mode finds what an upload of the same frame finds', async (t) => {
  const { zm, server, ask } = await setUp(t);
  const reply = await ask(events.yard, ['snapshot', '1'], { zm_auth: await zm.authQuery() });
  const uploaded = resultOf((await server.upload({ file: new Uint8Array(photo('dog_bike_car.jpg')) })).json);
  t.strictSame(framesOf(reply), ['snapshot', '1']);
  t.ok(uploaded.labels.includes('dog') && uploaded.labels.includes('bicycle'));
  for (const result of reply.results) t.strictSame({ ...result, frame_id: 'single' }, uploaded);
  t.strictSame(reply.image_dimensions, { original: [576, 768], resized: null });
});

t.test('the frame in which something is becomes the best one', async (t) => {
  const { zm, ask } = await setUp(t);
  const reply = await ask(events.cars, ['1', '2', '3'], { zm_auth: await zm.authQuery() });
  t.strictSame(framesOf(reply), ['1', '2', '3']);
  t.equal(reply.frame_id, '3');
  t.ok(reply.labels.includes('car'));
});

t.test('a frame that does not exist is left out', async (t) => {
  const { zm, ask, log } = await setUp(t);
  const reply = await ask(events.cars, ['99', 'objdetect', 'alarm'], { zm_auth: await zm.authQuery() });
  t.strictSame(framesOf(reply), ['alarm']);
  t.match(log(), /the answer is empty/, 'as 1.36 says of a number that it does not have');
  t.match(log(), /the answer is status 404/);
});

const expired = createSigner({ key: tokenSecret, algorithm: 'HS256' })({
  iss: 'ZoneMinder',
  user,
  type: 'access',
  iat: 1_700_000_000,
  exp: 1_700_003_600,
});
for (const [what, zmAuth] of [
  ['an expired token', `token=${expired}`],
  ['a token that is none', 'token=SECRET'],
  ['no token', ''],
] as const) {
  t.test(`${what}: no frame, and the log says why without showing it`, async (t) => {
    const { ask, log } = await setUp(t);
    const reply = await ask(events.yard, ['snapshot', 'alarm'], { zm_auth: zmAuth });
    t.strictSame([reply.frame_id, reply.labels, reply.results], [null, [], []]);
    t.match(log(), /"frame_id":"snapshot".*no known image format: starts with '<!DOCTYPE html>/);
    t.notMatch(log(), zmAuth === '' ? /password/ : zmAuth.slice('token='.length));
  });
}

t.test('a certificate of ZoneMinder that nobody vouches for', async (t) => {
  const { zm, ask } = await setUp(t, { apiUrl: tlsApiUrl, tls: { verify: false } });
  const zmAuth = await zm.authQuery();
  t.strictSame(framesOf(await ask(events.yard, ['1'], { zm_auth: zmAuth })), []);
  t.strictSame(framesOf(await ask(events.yard, ['1'], { zm_auth: zmAuth, verify_ssl: false })), ['1']);
});

t.test('every photo that ZoneMinder serves is analysed', async (t) => {
  const { zm, ask } = await setUp(t);
  const all = (await zm.frames(events.gallery)).map(({ number }) => String(number));
  const reply = await ask(events.gallery, all, { zm_auth: await zm.authQuery() });
  t.ok(all.length >= 25);
  t.strictSame(framesOf(reply), all);
});
