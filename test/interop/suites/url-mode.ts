/** Rows 1 to 3 of the acceptance matrix (wire generations, 11.4): the server fetches, and the right frame is chosen. */
import type { Test } from 'tap';

import { type FrameStrategy, frameStrategies } from '../../../src/detection/config.js';
import type { TestDaemon } from '../../support/daemon.js';
import { type Call, type Client, type ClientZone, scenario } from '../clients.js';
import { agree, chosen, found, type RawFrame } from '../expected.js';
import { type PhotoName, photos, rawDetections, referenceOf, startWithModel, Zoneminder } from '../world.js';

export default async function urlMode(t: Test): Promise<void> {
  const daemon = await startWithModel(t);
  const zoneminder = await Zoneminder.start(t);
  const frameSet: readonly PhotoName[] = ['empty', 'two', 'animals', 'horses'];
  const raw = await rawFrames(daemon, frameSet);

  /** Around the rider of the third picture; it cuts boxes of the others as well. */
  const corner: ClientZone = {
    name: 'corner',
    points: [
      [180, 90],
      [290, 90],
      [290, 360],
      [180, 360],
    ],
  };
  const everywhere = [
    [0, 0],
    [4000, 0],
    [4000, 4000],
    [0, 4000],
  ] as const;
  const zoneSets: Readonly<Record<string, readonly ClientZone[] | undefined>> = {
    'no zones': undefined,
    'a zone': [corner],
    'a zone with a pattern': [{ name: 'all', points: everywhere, pattern: 'dog|person' }],
    'a zone that ignores a label': [{ name: 'all', points: everywhere, ignore_pattern: 'horse' }],
  };

  const options = (gateway: string, strategy: FrameStrategy) =>
    ({ gateway, gateway_mode: 'url', config: { frame_strategy: strategy } }) as const;
  /** A portal that is used once only: the newest real server never forgets a frame. */
  const event = (zones: readonly ClientZone[] | undefined): Call => ({
    do: 'event',
    portal: zoneminder.portal().url,
    monitor: [640, 426],
    stream: { frame_set: frameSet },
    ...(zones === undefined ? {} : { zones }),
  });
  /** The first generation leaves the choice to the server, which has its own strategy. */
  const strategyOf = (client: Client, strategy: FrameStrategy) =>
    client.generation === 'g1' ? 'most_models' : strategy;

  t.test('the pictures tell the strategies apart', async (t) => {
    const winner = (strategy: FrameStrategy) => chosen(raw, strategy).frameId;
    t.same(frameStrategies.map(winner), ['two', 'two', 'horses', 'animals', 'horses']);
    for (const [name, zones] of Object.entries(zoneSets).slice(1)) {
      const { detections, errorBoxes } = chosen(raw, 'most_unique', { zones });
      t.ok(detections.length > 0 && errorBoxes.length > 0, `${name} keeps some and rejects some`);
    }
  });

  for (const [name, zones] of Object.entries(zoneSets)) {
    // Zones and strategies work apart from each other: two sets see every strategy, and every set sees two.
    const two: readonly FrameStrategy[] = ['first', 'most_unique'];
    const strategies = name === 'no zones' || name === 'a zone' ? frameStrategies : two;
    scenario(t, `event by URL, ${strategies.length} frame strategies, ${name}`, async (t, client) => {
      const reference = await referenceOf(client.generation);
      for (const strategy of strategies) {
        const ours = await client.result(options(daemon.url, strategy), event(zones));
        found(t, ours, chosen(raw, strategyOf(client, strategy), { zones }), strategy);
        // The first generation's server loses ignore_pattern; the daemon honours it (rule 6).
        if (client.generation === 'g1' && zones?.some(({ ignore_pattern: ignore }) => ignore)) continue;
        if (!two.includes(strategy)) continue;
        agree(t, ours, await client.result(options(reference, strategy), event(zones)), strategy);
      }
    });
  }
}

async function rawFrames(daemon: TestDaemon, names: readonly PhotoName[]): Promise<RawFrame[]> {
  const frames: RawFrame[] = [];
  for (const id of names) {
    const photo = photos()[id];
    frames.push({ id, detections: await rawDetections(daemon, photo.bytes, id), size: photo });
  }
  return frames;
}
