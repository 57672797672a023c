/** Rows 4 to 8 of the acceptance matrix (wire generations, 11.4): frames that are missing, odd, late or behind TLS. */
import type { Test } from 'tap';

import { selfSigned } from '../../support/certificate.js';
import { type Client, type DetectorOptions, scenario } from '../clients.js';
import { startWithModel, Zoneminder } from '../world.js';

export default async function fetching(t: Test): Promise<void> {
  // One frame after the other, so that what was fetched tells where the daemon stopped.
  const daemon = await startWithModel(t, { fetch_concurrency: 1 });
  const zoneminder = await Zoneminder.start(t);
  const url = (strategy = 'most'): DetectorOptions => ({
    gateway: daemon.url,
    gateway_mode: 'url',
    config: { frame_strategy: strategy },
  });
  const look = async (client: Client, frames: readonly string[], strategy?: string, stream = {}, more = {}) => {
    const portal = zoneminder.portal();
    const result = await client.result(url(strategy), {
      do: 'event',
      portal: portal.url,
      monitor: [640, 426],
      stream: { frame_set: frames, ...stream },
      ...more,
    });
    return { result, asked: portal.asked() };
  };
  const ids = (asked: readonly { fid: string }[]) => asked.map(({ fid }) => fid);

  scenario(t, 'strategy first: who stops early, and who needs every frame', async (t, client) => {
    const frames = ['empty', 'two', 'animals', 'horses'];
    const stops = client.generation === 'g3' || client.generation === 'g4';
    const first = await look(client, frames, 'first');
    t.equal(first.result.frame_id, client.generation === 'g1' ? 'horses' : 'two');
    t.same(ids(first.asked), stops ? frames.slice(0, 2) : frames);
    const most = await look(client, frames, 'most');
    t.equal(most.result.frame_id, 'horses');
    t.same(ids(most.asked), frames);
  });

  scenario(
    t,
    'a missing frame is asked for again when the client says so',
    async (t, client) => {
      const stream = { max_attempts: 3, sleep_between_attempts: 0 };
      const { result, asked } = await look(client, ['missing-2-two'], 'most', stream);
      t.same(result.labels, ['dog', 'dog']);
      t.equal(asked.length, 3);
      const tooFew = await look(client, ['missing-2-two'], 'most', { ...stream, max_attempts: 2 });
      t.same(tooFew.result.labels, []);
      t.equal(tooFew.asked.length, 2);
    },
    { only: ['g3'] },
  );

  scenario(
    t,
    'five missing frames in a row end the request, and what counts as a row',
    async (t, client) => {
      const missing = Array.from({ length: 5 }, () => 'missing');
      const five = await look(client, [...missing, 'two']);
      t.same(five.result.labels, []);
      t.equal(five.asked.length, 5);
      const two = { contig_frames_before_error: 2 };
      const another = await look(client, ['missing', 'error', 'missing', 'two'], 'most', two);
      t.same(another.result.labels, ['dog', 'dog'], 'another answer begins a new row');
      const cut = await look(client, ['missing', 'hangup-two', 'missing', 'two'], 'most', two);
      t.same(cut.result.labels, [], 'a broken connection does not');
    },
    { only: ['g3'] },
  );

  scenario(
    t,
    'six missing frames, then a picture: it is found',
    async (t, client) => {
      const { result } = await look(client, [...Array.from({ length: 6 }, (_, i) => `missing${i}`), 'two']);
      t.equal(result.frame_id, 'two');
      t.same(result.labels, ['dog', 'dog']);
    },
    { only: ['g1', 'g2', 'g4'] },
  );

  scenario(t, 'a login page, an error, nothing, a redirect, a slow frame', async (t, client) => {
    const frames = ['login', 'error', 'empty-body', 'empty', 'redirect-two', 'delay-300-animals'];
    const { result, asked } = await look(client, frames);
    t.equal(result.frame_id, 'delay-300-animals');
    t.same(result.labels, ['person', 'horse', 'dog']);
    t.ok(ids(asked).includes('two'), 'the redirect was followed');
  });

  scenario(t, 'no frame can be had: an empty result and no exception', async (t, client) => {
    const { result } = await look(client, ['missing', 'error', 'login']);
    t.same(result.labels, []);
    t.same(result.boxes, []);
  });

  scenario(t, 'the credentials for ZoneMinder are appended', async (t, client) => {
    const { asked } = await look(client, ['two'], 'most', {}, { auth: 'token=abc.def' });
    t.match(
      asked.map((request) => request.url),
      [/fid=two&token=abc\.def$/],
    );
    t.notMatch(daemon.logText, 'abc.def', 'and are not logged');
  });

  const certificate = selfSigned();
  const secure = certificate && (await Zoneminder.start(t, certificate));
  if (secure === undefined) t.comment('no frames behind TLS: there is no openssl command');
  else {
    scenario(t, 'frames behind a self-signed certificate, verify_ssl both ways', async (t, client) => {
      for (const [verify, labels] of [
        [true, []],
        [false, ['dog', 'dog']],
      ] as const) {
        const portal = secure.portal();
        const stream = { frame_set: ['two'] };
        const call = { do: 'event', portal: portal.url, verify_ssl: verify, monitor: [512, 430], stream } as const;
        t.same((await client.result(url(), call)).labels, labels, `verify_ssl ${verify}`);
        t.equal(portal.asked().length, labels.length === 0 ? 0 : 1);
      }
    });
  }
}
