/** Row 9 of the acceptance matrix (wire generations, 11.4): the client uploads, and boxes are in the uploaded pixels. */
import type { Test } from 'tap';

import { type Client, type ClientZone, type DetectorOptions, scenario } from '../clients.js';
import { agree, chosen, found, type RawFrame } from '../expected.js';
import { type PhotoName, photos, rawDetections, referenceOf, startWithModel } from '../world.js';

export default async function imageMode(t: Test): Promise<void> {
  const daemon = await startWithModel(t);
  const frameSet: readonly PhotoName[] = ['empty', 'two', 'animals'];
  const files = frameSet.map((name) => [name, photos()[name].path] as const);
  const zones: readonly ClientZone[] = [
    {
      name: 'left',
      points: [
        [0, 0],
        [300, 0],
        [300, 430],
        [0, 430],
      ],
      pattern: 'dog|person',
    },
  ];
  const options = (gateway: string, strategy = 'most_models'): DetectorOptions => ({
    gateway,
    gateway_mode: 'image',
    config: { frame_strategy: strategy },
  });

  /** What the daemon says of the bytes that the client uploads for a picture. */
  const rawOf = async (client: Client, name: PhotoName, id: string, width?: number): Promise<RawFrame> => {
    const photo = photos()[name];
    const format = client.generation === 'g4' ? 'png' : 'jpg';
    const bytes = new Uint8Array(await client.uploadOf(photo.path, width));
    const size = width === undefined ? photo : { width, height: Math.round((photo.height * width) / photo.width) };
    return { id, detections: await rawDetections(daemon, bytes, `${name} ${width} ${format}`), size };
  };

  for (const as of ['path', 'array'] as const) {
    scenario(t, `one picture by ${as}, without and with zones`, async (t, client) => {
      const reference = await referenceOf(client.generation);
      const raw = await rawOf(client, 'animals', 'single');
      for (const fields of [{}, { zones }]) {
        const call = { do: 'detect', path: photos().animals.path, as, ...fields } as const;
        const ours = await client.result(options(daemon.url), call);
        found(t, ours, chosen([raw], 'first', fields), as);
        t.strictSame(ours.image_dimensions.original, [424, 640], 'height first');
        agree(t, ours, await client.result(options(reference), call), as);
      }
    });
  }

  scenario(t, 'a list of frames, without and with zones', async (t, client) => {
    const raw = await Promise.all(frameSet.map((name) => rawOf(client, name, name)));
    for (const strategy of ['first', 'most_unique'] as const) {
      for (const fields of [{}, { zones }]) {
        const ours = await client.result(options(daemon.url, strategy), { do: 'list', frames: files, ...fields });
        found(t, ours, chosen(raw, strategy, fields), strategy);
      }
    }
  });

  scenario(t, 'an event in image mode, frames resized, without and with zones', async (t, client) => {
    const width = 400;
    const [name, file] = ['animals', photos().animals.path] as const;
    const raw = await rawOf(client, name, 'alarm', width);
    // Zones are drawn on the full picture; the first generation forgets to scale them.
    const drawnOn = client.generation === 'g1' ? {} : { drawnOn: photos()[name] };
    const reference = await referenceOf(client.generation);
    for (const fields of [{}, { zones }]) {
      const call = { do: 'event', frames: [['alarm', file]], resize: width, ...fields } as const;
      const ours = await client.result(options(daemon.url), call);
      found(t, ours, chosen([raw], 'first', { ...fields, ...drawnOn }));
      agree(t, ours, await client.result(options(reference), call));
    }
  });
}
