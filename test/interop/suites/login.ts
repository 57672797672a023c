/** Rows 17 and 18 of the acceptance matrix (wire generations, 11.4): tokens. */
import type { Test } from 'tap';

import { type Call, type Client, type DetectorOptions, scenario } from '../clients.js';
import { modelName, photos, startWithModel, Zoneminder } from '../world.js';

const auth = {
  auth_enabled: true,
  auth_username: 'zm',
  auth_password: 'secret',
  token_secret: 'a key of more than thirty-two bytes',
};
const right = { gateway_username: 'zm', gateway_password: 'secret' };
const wrong = { gateway_username: 'zm', gateway_password: 'guess' };
const config = { models: [{ name: modelName }] };

/** The class of exception that starts the hook's local fallback. */
function refusal(client: Client): string {
  return client.generation === 'g4' ? 'GatewayUnreachable' : 'HTTPError';
}

function refused(t: Test, client: Client, outcome: unknown, status: string, message: string): void {
  t.match(outcome, { ok: false, error: refusal(client), message: new RegExp(status) }, message);
}

export default async function login(t: Test): Promise<void> {
  const daemon = await startWithModel(t, auth);
  const brief = await startWithModel(t, { ...auth, token_expiry_seconds: 1 });
  const open = await startWithModel(t);
  const zoneminder = await Zoneminder.start(t);
  const single: Call = { do: 'detect', path: photos().two.path };
  const event = (): Call => ({
    do: 'event',
    portal: zoneminder.portal().url,
    monitor: [512, 430],
    stream: { frame_set: ['two'] },
  });
  const at = (gateway: string, credentials: Partial<DetectorOptions> = {}): DetectorOptions => ({
    gateway,
    gateway_mode: 'url',
    config,
    ...credentials,
  });

  scenario(t, 'the right password, one login for a Detector', async (t, client) => {
    const logins = () => daemon.logged({ route: '/login', status: 200 }).length;
    const before = logins();
    const outcomes = await client.outcomes(at(daemon.url, right), single, event());
    t.match(outcomes, [
      { ok: true, value: { labels: ['dog', 'dog'] } },
      { ok: true, value: { labels: ['dog', 'dog'] } },
    ]);
    t.equal(logins(), before + 1);
  });

  scenario(t, 'a wrong password and none are exceptions', async (t, client) => {
    for (const [credentials, words] of [
      [wrong, 'wrong password'],
      [{}, 'no password'],
    ] as const) {
      const [one, byUrl] = await client.outcomes(at(daemon.url, credentials), single, event());
      refused(t, client, one, '401', `${words}, one picture`);
      refused(t, client, byUrl, '401', `${words}, event by URL`);
    }
  });

  scenario(t, 'an expired token is an exception and no second login', async (t, client) => {
    const [first, second] = await client.outcomes(at(brief.url, right), single, { ...single, after: 1.1 });
    t.match(first, { ok: true });
    refused(t, client, second, '401', 'after its life');
  });

  scenario(t, 'a password where none is needed', async (t, client) => {
    const outcomes = await client.outcomes(at(open.url, right), single, event());
    t.match(outcomes, [
      { ok: true, value: { labels: ['dog', 'dog'] } },
      { ok: true, value: { labels: ['dog', 'dog'] } },
    ]);
  });

  t.test('/health and /models need no token', async (t) => {
    t.equal((await daemon.get('/health')).status, 200);
    t.equal((await daemon.get('/models')).status, 200);
  });
}
