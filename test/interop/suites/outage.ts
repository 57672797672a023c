/** Row 19 of the acceptance matrix (wire generations, 11.4): only an exception starts the hook's local fallback. */
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import type { Test } from 'tap';

import { startDaemon } from '../../support/daemon.js';
import { type Call, type DetectorOptions, scenario } from '../clients.js';
import { freePort, photos, Zoneminder } from '../world.js';

export default async function outage(t: Test): Promise<void> {
  // A model that is there and cannot be loaded: the daemon answers 503.
  const folder = t.testdir({ broken: { 'broken.onnx': 'no model' } });
  const daemon = await startDaemon(t, { models: ['broken'], base_path: folder });
  const silent = createServer().listen(0, '127.0.0.1');
  await once(silent, 'listening');
  t.teardown(() => silent.close());
  const gateways: Readonly<Record<string, string>> = {
    'answers 503': daemon.url,
    hangs: `http://127.0.0.1:${(silent.address() as AddressInfo).port}`,
    'is down': `http://127.0.0.1:${await freePort()}`,
  };
  const zoneminder = await Zoneminder.start(t);
  const { two } = photos();
  const single: Call = { do: 'detect', path: two.path };
  const byUrl: Call = {
    do: 'event',
    portal: zoneminder.portal().url,
    monitor: [512, 430],
    stream: { frame_set: ['two'] },
  };
  const uploads: readonly Call[] = [
    { do: 'list', frames: [['two', two.path]] },
    { do: 'event', frames: [['two', two.path]] },
  ];
  const options = (gateway: string, mode: 'url' | 'image'): DetectorOptions => ({
    gateway,
    gateway_mode: mode,
    gateway_timeout: gateway === gateways.hangs ? 0.5 : 30,
    config: { models: [{ name: 'broken' }] },
  });

  for (const [state, gateway] of Object.entries(gateways)) {
    scenario(t, `a server that ${state}: one picture and URL mode raise`, async (t, client) => {
      for (const outcome of await client.outcomes(options(gateway, 'url'), single, byUrl)) {
        t.equal(outcome.ok, false);
        if (!outcome.ok && client.generation === 'g4') t.equal(outcome.error, 'GatewayUnreachable');
      }
    });
    scenario(t, `a server that ${state}: uploads of several frames`, async (t, client) => {
      for (const outcome of await client.outcomes(options(gateway, 'image'), ...uploads)) {
        // Only the newest tells; the others swallow it, and the hook believes that nothing was there.
        if (client.generation === 'g4') t.match(outcome, { ok: false, error: 'GatewayUnreachable' });
        else t.match(outcome, { ok: true, value: { labels: [] } });
      }
    });
  }
}
