/** `zm_detect` beside upstream's client, on the same event of the same ZoneMinder, asking the same daemon. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';

import { apiUrl, daemon, events, password, portalUrl, restored, skipUnlessWanted, user, wanted } from './world.js';
import { halves, Hook } from './hook.js';

skipUnlessWanted();

/** Made by scripts/interop. */
const clients = process.env.ZMDETECT_INTEROP ?? path.resolve('.cache/interop');
const skip = existsSync(path.join(clients, 'venv/bin/python')) ? false : 'needs the clients of `npm run interop`';
if (skip !== false && process.env.CI === 'true') throw new Error(`${clients} is missing: run scripts/interop first`);

const started = wanted && skip === false ? daemon(t) : undefined;

async function upstream(generation: string, event: number, mode: string, gateway: string): Promise<string> {
  const job = {
    api: apiUrl,
    portal: portalUrl,
    user,
    password,
    event,
    gateway,
    mode,
    frames: ['snapshot', 'alarm', '1'],
  };
  const { stdout } = await promisify(execFile)(
    path.join(clients, 'venv/bin/python'),
    [path.resolve('test/zoneminder/upstream.py'), JSON.stringify(job)],
    { env: { ...process.env, PYTHONPATH: path.join(clients, generation) } },
  );
  return stdout;
}

for (const [generation, release] of [
  ['g1', '2.3.0'],
  ['g2', '2.3.4'],
  ['g3', '2.4.0'],
  ['g4', '2.5.6'],
] as const) {
  t.test(`pyzm ${release}: the same line`, { skip }, async (t) => {
    const gateway = (await started)?.url ?? '';
    for (const event of [events.cars, events.yard, events.empty]) {
      restored(t, event);
      const ours = async (mode: string) => {
        const hook = Hook.make(t, { remote: { ml_gateway: gateway, ml_gateway_mode: mode } });
        return (await hook.run(`zm_detect --config objectconfig.yml --eventid ${event}`)).stdout;
      };
      t.equal(await ours('url'), await upstream(generation, event, 'url', gateway), `event ${event}, URL mode`);
      const [own, theirs] = [await ours('image'), await upstream(generation, event, 'image', gateway)];
      // Up to 2.4 the client compresses the frame anew before it uploads it, which moves a confidence by a percent or so.
      if (generation === 'g4') t.equal(own, theirs, `event ${event}, image mode`);
      else t.strictSame(labels(own), labels(theirs), `event ${event}, image mode: what is found`);
    }
  });
}

function labels(stdout: string): string[] {
  const { objects } = halves(stdout);
  return objects === '' ? [] : (JSON.parse(objects) as { labels: string[] }).labels.toSorted();
}
