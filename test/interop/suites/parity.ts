/** Rows 16 and 20 of the acceptance matrix (wire generations, 11.4), and the way in that the hook takes. */
import type { Test } from 'tap';

import type { ResultJson } from '../../../src/detection/wire.js';
import type { InferReplyJson } from '../../../src/detection/wire.js';
import { scenario } from '../clients.js';
import { agree, chosen, found } from '../expected.js';
import { modelFile, modelName, photos, rawDetections, startWithModel, Zoneminder } from '../world.js';

export default async function parity(t: Test): Promise<void> {
  const daemon = await startWithModel(t);
  const zoneminder = await Zoneminder.start(t);
  const { animals, horses } = photos();

  scenario(
    t,
    'the client’s own inference and the daemon’s agree on one picture',
    async (t, client) => {
      for (const { path } of [animals, horses]) {
        const call = { do: 'detect', path } as const;
        const local = { config: { models: [{ name: modelName, weights: modelFile }] } };
        const remote = { gateway: daemon.url, config: { models: [{ name: modelName }] } };
        agree(t, await client.result(remote, call), await client.result(local, call));
      }
    },
    { only: ['g4'] },
  );

  scenario(t, 'one upload, asked about in every dialect: the same boxes', async (t, client) => {
    const bytes = new Uint8Array(await client.uploadOf(animals.path));
    const plain = (await daemon.upload({ file: bytes })).json as ResultJson;
    const everywhere = '[{"value": [[0, 0], [4000, 0], [4000, 4000], [0, 4000]]}]';
    const zoned = (await daemon.upload({ zones: everywhere, file: bytes })).json as ResultJson;
    const body = new FormData();
    body.append('type', 'object');
    body.append('image', new Blob([bytes]), 'frame.png');
    const { detections } = (await daemon.request('POST', '/infer', { body })).json as InferReplyJson;
    t.ok(plain.labels.length > 0);
    t.strictSame(zoned, plain);
    t.strictSame(
      detections.map(({ label, confidence, box }) => [label, confidence, box]),
      plain.labels.map((label, i) => [label, plain.confidences[i], plain.boxes[i]]),
    );
  });

  scenario(t, 'a Detector made from the hook’s settings', async (t, client) => {
    const general = { ml_gateway: `${daemon.url}/`, ml_gateway_mode: 'url', ml_user: 'zm', ml_password: 'any' };
    const result = await client.result(
      {
        ml_options: {
          general: { ...general, ml_timeout: 60, frame_strategy: 'most_models' },
          object: { general: { pattern: '.*' }, sequence: [{ name: modelName, object_framework: 'opencv' }] },
        },
      },
      { do: 'event', portal: zoneminder.portal().url, monitor: [773, 512], stream: { frame_set: ['horses'] } },
    );
    const raw = { id: 'horses', detections: await rawDetections(daemon, horses.bytes, 'horses'), size: horses };
    found(t, result, chosen([raw], 'most'));
  });
}
