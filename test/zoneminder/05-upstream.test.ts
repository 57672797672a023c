/** `zm_detect` beside upstream's client, on the same event of the same ZoneMinder, asking the same daemon. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';

import type { ResultJson } from '../../src/detection/wire.js';
import { apiUrl, daemon, events, password, portalUrl, restored, skipUnlessWanted, user, wanted } from './world.js';
import { halves, Hook } from './hook.js';

skipUnlessWanted();

/** Made by scripts/interop. */
const clients = process.env.ZMDETECT_INTEROP ?? path.resolve('.cache/interop');
const skip = existsSync(path.join(clients, 'venv/bin/python')) ? false : 'needs the clients of `npm run interop`';
if (wanted && skip !== false && process.env.CI === 'true')
  throw new Error(`${clients} is missing: run scripts/interop first`);

const started = wanted && skip === false ? daemon(t) : undefined;

interface Job {
  readonly event: number;
  readonly mode: 'url' | 'image';
}
const jobs: readonly Job[] = [
  { event: events.cars, mode: 'url' },
  { event: events.yard, mode: 'url' },
  { event: events.empty, mode: 'url' },
  { event: events.cars, mode: 'image' },
];

/** What each job prints. */
async function upstream(generation: string, gateway: string): Promise<string[]> {
  const common = { api: apiUrl, portal: portalUrl, user, password, gateway, frames: ['snapshot', 'alarm', '1'] };
  const { stdout } = await promisify(execFile)(
    path.join(clients, 'venv/bin/python'),
    [path.resolve('test/zoneminder/upstream.py'), JSON.stringify(jobs.map((job) => ({ ...common, ...job })))],
    { env: { ...process.env, PYTHONPATH: path.join(clients, generation) } },
  );
  return stdout.split('\n');
}

async function ours(t: Test, { event, mode }: Job, gateway: string): Promise<string> {
  restored(t, event);
  const hook = Hook.make(t, { remote: { ml_gateway: gateway, ml_gateway_mode: mode } });
  const { stdout } = await hook.run(`zm_detect --config objectconfig.yml --eventid ${event}`);
  return stdout.replace(/\n$/, '');
}

t.test('the line of zm_detect', { skip }, async (t) => {
  const gateway = (await started)?.url ?? '';
  const own: string[] = [];
  for (const job of jobs) own.push(await ours(t, job, gateway));
  t.match(own, [/^\[s\] detected:.*car:/, /^\[s\] detected:dog:/, '', /^\[s\] detected:.*car:/]);

  for (const [generation, release] of [
    ['g1', '2.3.0'],
    ['g2', '2.3.4'],
    ['g3', '2.4.0'],
    ['g4', '2.5.6'],
  ] as const) {
    await t.test(`is that of pyzm ${release}`, async (t) => {
      const theirs = await upstream(generation, gateway);
      for (const [i, { event, mode }] of jobs.entries()) {
        const [got, wanted] = [own[i] ?? '', theirs[i] ?? 'none'];
        const what = `event ${event}, ${mode} mode`;
        if (mode === 'url') t.equal(got, wanted, what);
        else if (generation === 'g4') t.equal(got, unresized(wanted), what);
        else t.strictSame(sure(got), sure(wanted), what);
      }
    });
  }
});

/**
 * What is found with some confidence, and where the frame came from. Up to 2.4 the client compresses a frame anew before
 * it uploads it: what is just above the threshold in the one picture may be just below it in the other.
 */
function sure(stdout: string) {
  const { objects } = halves(stdout);
  if (objects === '') return null;
  const { labels, confidences, frame_id } = JSON.parse(objects) as Pick<
    ResultJson,
    'labels' | 'confidences' | 'frame_id'
  >;
  return { labels: labels.filter((_, i) => (confidences[i] ?? 0) > 0.5).toSorted(), frame_id };
}

/** In image mode pyzm 2.5 names the size of the frame as that to which it was made smaller, also where nothing was. */
function unresized(stdout: string): string {
  return stdout.replace(/"original": (\[\d+, \d+\]), "resized": \1/, '"original": $1, "resized": null');
}
