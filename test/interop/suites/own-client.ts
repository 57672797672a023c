/** Our client against the published servers of each generation: the other direction. */
import type { Test } from 'tap';

import type { DetectionZone, DetectorOptions } from '../../../src/client/types.js';
import { type FrameStrategy, frameStrategies } from '../../../src/detection/config.js';
import type { Detection } from '../../../src/detection/detection.js';
import type { InferReplyJson, ResultJson } from '../../../src/detection/wire.js';
import { detectorFor, failure, FakeEvent } from '../../support/client.js';
import { type Client, type ClientZone, type Generation, scenario } from '../clients.js';
import { agree, chosen, found, type RawFrame } from '../expected.js';
import {
  freePort,
  modelFile,
  modelName,
  type Photo,
  type PhotoName,
  photos,
  referenceOf,
  startReference,
  startWithModel,
  Zoneminder,
} from '../world.js';

const frameSet: readonly PhotoName[] = ['empty', 'two', 'animals', 'horses'];
const frameSize = { width: 640, height: 426 };

const zone: ClientZone = {
  name: 'corner',
  points: [
    [180, 90],
    [290, 90],
    [290, 360],
    [180, 360],
  ],
  ignore_pattern: 'horse',
};

function ours({ ignore_pattern: ignorePattern, ...rest }: ClientZone): DetectionZone {
  return { ...rest, ignorePattern };
}

/** What the server says of a picture when it is asked by hand. */
async function askedByHand(url: string, generation: Generation, { bytes }: Photo): Promise<readonly Detection[]> {
  const body = new FormData();
  if (generation === 'g4') {
    body.append('type', 'object');
    body.append('name', modelName);
    body.append('image', new Blob([bytes]), 'frame.jpg');
    const { detections } = (await (await fetch(`${url}/infer`, { method: 'POST', body })).json()) as InferReplyJson;
    return detections.map(({ model_name, ...rest }) => ({ ...rest, modelName: model_name }));
  }
  body.append('file', new Blob([bytes]), 'image.jpg');
  const result = (await (await fetch(`${url}/detect`, { method: 'POST', body })).json()) as ResultJson;
  return result.labels.map((label, i) => ({
    label,
    confidence: result.confidences[i] ?? 0,
    box: result.boxes[i] ?? [0, 0, 0, 0],
    modelName: result.model_names[i] ?? '',
    type: 'object',
  }));
}

const raw = new Map<Generation, Promise<RawFrame[]>>();

function rawFrames(url: string, generation: Generation): Promise<RawFrame[]> {
  const known = raw.get(generation) ?? askAll(url, generation);
  raw.set(generation, known);
  return known;
}

async function askAll(url: string, generation: Generation): Promise<RawFrame[]> {
  const frames: RawFrame[] = [];
  for (const id of frameSet) {
    const photo = photos()[id];
    frames.push({ id, detections: await askedByHand(url, generation, photo), size: photo });
  }
  return frames;
}

export default async function ownClient(t: Test): Promise<void> {
  const zoneminder = await Zoneminder.start(t);
  const portal = () => zoneminder.portal().url;
  const detector = (t: Test, options: DetectorOptions) => detectorFor(t, { models: [modelName], ...options });
  const event = (url: string) => new FakeEvent({}, url);

  scenario(t, 'our client, their server: an upload', async (t, { generation }) => {
    const gateway = await referenceOf(generation);
    const frames = await rawFrames(gateway, generation);
    const client = detector(t, { gateway }).detector;
    for (const { id, detections, size } of frames) {
      const result = await client.detect(photos()[id as PhotoName].path);
      found(t, result.toJSON(), { frameId: 'single', detections, errorBoxes: [], size }, id);
      t.strictSame(result.imageDimensions, { width: size.width, height: size.height });
    }
  });

  for (const [name, gatewayMode] of [
    ['by URL', 'url'],
    ['in image mode', 'image'],
  ] as const) {
    scenario(
      t,
      `our client, their server: an event ${name}, every strategy, with and without a zone`,
      async (t, client) => {
        const gateway = await referenceOf(client.generation);
        const frames = await rawFrames(gateway, client.generation);
        for (const frameStrategy of frameStrategies) {
          for (const zones of [[], [zone]]) {
            const own = detector(t, { gateway, gatewayMode, frameStrategy }).detector;
            const bytes = Object.fromEntries(frameSet.map((id) => [id, photos()[id].bytes]));
            const options = { zones: zones.map(ours), streamConfig: { frameSet }, frameSize };
            const result = await own.detectEvent(new FakeEvent(bytes, portal()), 7, options);
            const message = `${frameStrategy}, ${zones.length} zones`;
            found(t, result.toJSON(), chosen(frames, frameStrategy, { zones }), message);
          }
        }
      },
    );
  }

  scenario(
    t,
    'our client, their server: an event by URL, as their client tells it',
    async (t, client) => {
      const gateway = await referenceOf(client.generation);
      for (const frameStrategy of frameStrategies) {
        const own = detector(t, { gateway, frameStrategy }).detector;
        const options = { zones: [ours(zone)], streamConfig: { frameSet }, frameSize };
        const result = await own.detectEvent(event(portal()), 7, options);
        const theirs = await theirEvent(client, gateway, frameStrategy, portal());
        for (const key of ['frame_id', 'labels', 'boxes', 'confidences', 'error_boxes', 'model_names'] as const) {
          t.strictSame(result.toJSON()[key], theirs[key], `${frameStrategy}: ${key}`);
        }
      }
    },
    // The first generation's client leaves frames and zones to its server, which knows one strategy only.
    { only: ['g2', 'g3', 'g4'] },
  );

  scenario(t, 'our client, their server: frames that are missing', async (t, { generation }) => {
    const { detector: own, log } = detector(t, { gateway: await referenceOf(generation) });
    const some = { streamConfig: { frameSet: ['missing', 'login', 'two'] }, frameSize };
    t.match(await own.detectEvent(event(portal()), 7, some), { frameId: 'two', summary: /^dog/ });
    await failure(
      t,
      own.detectEvent(event(portal()), 7, { streamConfig: { frameSet: ['error'] }, frameSize }),
      'FRAMES_MISSING',
    );
    t.notMatch(log.text, 'topsecret');
  });

  scenario(t, 'our client, their server: a frame that is not written yet', async (t, { generation }) => {
    const own = detector(t, { gateway: await referenceOf(generation) }).detector;
    const streamConfig = { frameSet: ['missing-2-two'], maxAttempts: 3, sleepBetweenAttempts: 0.1 };
    t.equal((await own.detectEvent(event(portal()), 7, { streamConfig, frameSize })).frameId, 'missing-2-two');
  });

  scenario(
    t,
    'our client, their server: login, a token that ends, a wrong password, none',
    async (t, { generation }) => {
      const auth = { auth_enabled: true, auth_username: 'zm', auth_password: 'secret', token_expiry_seconds: 1 };
      const gateway = await startReference(generation, {
        ...auth,
        token_secret: 'a key of more than thirty-two bytes',
      });
      const { path } = photos().two;
      const right = detector(t, { gateway, gatewayUsername: 'zm', gatewayPassword: 'secret' }).detector;
      // Longer than the token's life together.
      for (let i = 0; i < 3; i++) {
        t.match((await right.detect(path)).summary, /^dog/);
        await new Promise((resolve) => setTimeout(resolve, 700));
      }
      const wrong = detector(t, { gateway, gatewayUsername: 'zm', gatewayPassword: 'guess' }).detector;
      await failure(t, wrong.detect(path), 'GATEWAY_LOGIN_REFUSED');
      await failure(t, detector(t, { gateway }).detector.detect(path), 'GATEWAY_LOGIN_REFUSED');
      const unneeded = { gateway: await referenceOf(generation), gatewayUsername: 'zm', gatewayPassword: 'any' };
      t.match((await detector(t, unneeded).detector.detect(path)).summary, /^dog/);
    },
  );

  scenario(t, 'our client, their server: what is no picture', async (t, { generation }) => {
    const own = detector(t, { gateway: await referenceOf(generation) }).detector;
    await failure(t, own.detect(Buffer.from('no picture')), 'IMAGE_UNDECODABLE');
  });

  scenario(
    t,
    'our client, their server: a model that it lacks',
    async (t, { generation }) => {
      const { detector: own } = detector(t, { gateway: await referenceOf(generation), models: ['yolo99'] });
      const error = await failure(t, own.detect(photos().two.path), 'GATEWAY_MODEL_UNKNOWN');
      t.match(error.message, 'yolo99');
    },
    { only: ['g4'] },
  );

  scenario(t, 'our client: their server is down, and the models of this host stand in', async (t, { generation }) => {
    const gateway = `http://127.0.0.1:${await freePort()}`;
    const local = { gateway, fallbackLocal: true, models: [modelFile] };
    const { detector: own, log } = detector(t, local);
    const result = await own.detect(photos().horses.path);
    t.equal(result.ranOn, 'local');
    t.ok(log.lines.some(({ message }) => message.startsWith('the gateway failed')));
    const reference = detector(t, { gateway: await referenceOf(generation) }).detector;
    agree(t, result.toJSON(), (await reference.detect(photos().horses.path)).toJSON());
  });

  t.test('our client on our server says what it says on theirs', async (t) => {
    const daemon = await startWithModel(t);
    const results = await Promise.all(
      [daemon.url, await referenceOf('g4'), await referenceOf('g2')].map((gateway) =>
        detector(t, { gateway }).detector.detect(photos().animals.path),
      ),
    );
    const [first, ...others] = results.map((result) => result.toJSON());
    for (const other of others) if (first !== undefined) agree(t, first, other);
    t.equal(others.length, 2);
  });
}

function theirEvent(client: Client, gateway: string, strategy: FrameStrategy, portal: string) {
  return client.result(
    { gateway, gateway_mode: 'url', config: { models: [{ name: modelName }], frame_strategy: strategy } },
    {
      do: 'event',
      portal,
      monitor: [frameSize.width, frameSize.height],
      stream: { frame_set: frameSet },
      zones: [zone],
    },
  );
}
