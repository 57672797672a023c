/** The same picture, models and settings give the same result in this process, by upload, and by URL. */
import { copyFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import type { Test } from 'tap';

import type { DetectionResult, DetectionZone, DetectorOptions, Frame } from '../../src/client/types.js';
import { detectorFor, failure, FakeEvent } from '../support/client.js';
import { embeddedModel, startDaemon, type TestDaemon } from '../support/daemon.js';
import { FrameServer } from '../support/frame-server.js';
import { pictures } from '../support/shapes.js';

const frames: readonly Frame[] = pictures
  .slice(0, 4)
  .map(({ name, bytes }) => ({ frameId: name.slice(0, 9), picture: bytes }));
const byName = Object.fromEntries(pictures.map(({ name, bytes }) => [name.slice(0, 9), bytes]));

/** What a person sees of a result. */
function visible(result: DetectionResult): object {
  const { frameId, summary, detections, errorBoxes, imageDimensions } = result;
  return { frameId, summary, detections, errorBoxes, imageDimensions };
}

const half: DetectionZone = {
  name: 'left',
  points: [
    [0, 0],
    [200, 0],
    [200, 2000],
    [0, 2000],
  ],
};
const settings: Readonly<Record<string, readonly [DetectorOptions, readonly DetectionZone[]]>> = {
  'nothing set': [{}, []],
  'a zone': [{}, [half]],
  'zones with patterns': [{ zoneMatchStrategy: 'largest_overlap' }, [{ ...half, pattern: '(square|circle)' }, half]],
  'a pattern and a limit in per cent': [{ pattern: '[^c]', maxDetectionSize: '5%' }, []],
  'the first frame': [{ frameStrategy: 'first' }, [{ ...half, ignorePattern: 'star|triangle' }]],
  'most of one label': [{ frameStrategy: 'most_unique' }, []],
  'a high threshold': [{ models: [{ name: 'default', weights: embeddedModel, minConfidence: 0.85 }] }, []],
};

/** All ways to a daemon with the embedded model; without models it chooses them itself, by another route. */
async function ways(t: Test, daemon: TestDaemon, options: DetectorOptions) {
  const models = options.models ?? [embeddedModel];
  const remote = { ...options, models, gateway: daemon.url };
  const unnamed = { ...remote, models: undefined };
  const chosenByServer =
    options.models === undefined ? { 'remote, models of the server': detectorFor(t, unnamed) } : {};
  return {
    local: detectorFor(t, { ...options, models }),
    'remote, by name': detectorFor(t, remote),
    'remote, by name, image mode': detectorFor(t, { ...remote, gatewayMode: 'image' }),
    ...chosenByServer,
  };
}

t.test('one picture, several, an event', async (t) => {
  const daemon = await startDaemon(t);
  const server = await FrameServer.start({ pictures: byName });
  t.teardown(() => server.close());
  for (const [name, [options, zones]] of Object.entries(settings)) {
    const { local, ...remote } = await ways(t, daemon, options);
    const [first] = pictures;
    const size = { width: first?.width ?? 0, height: first?.height ?? 0 };
    // By URL a server that is asked by name gives no size: all frames of an event have one.
    const event = { zones, streamConfig: { frameSet: ['shapes-01'] }, frameSize: size };
    const zm = new FakeEvent(byName, `${server.origin}/zm`);
    const single = visible(await local.detector.detect(frames[1]?.picture ?? '', { zones }));
    const several = visible(await local.detector.detect(frames, { zones }));
    const best = visible(await local.detector.detectEvent(zm, 1, event));
    for (const [way, { detector }] of Object.entries(remote)) {
      const found = await detector.detect(frames[1]?.picture ?? '', { zones });
      t.equal(found.ranOn, 'gateway');
      t.strictSame(visible(found), single, `${name}, ${way}: one picture`);
      t.strictSame(visible(await detector.detect(frames, { zones })), several, `${name}, ${way}: several`);
      t.strictSame(visible(await detector.detectEvent(zm, 1, event)), best, `${name}, ${way}: an event`);
    }
    if (name === 'a zone') t.match(single, { errorBoxes: /./, detections: /./ }, 'the zone splits');
  }
});

t.test('by URL nothing passes through this process, and the credentials reach ZoneMinder only', async (t) => {
  const daemon = await startDaemon(t);
  const server = await FrameServer.start({ pictures: byName });
  t.teardown(() => server.close());
  const zm = new FakeEvent({}, `${server.origin}/zm`);
  for (const models of [['default'], undefined]) {
    const { detector, log } = detectorFor(t, { gateway: daemon.url, models });
    const streamConfig = { frameSet: ['shapes-02', 'missing'] };
    const found = await detector.detectEvent(zm, 9, { streamConfig, frameSize: { width: 1280, height: 720 } });
    t.equal(found.frameId, 'shapes-02');
    t.notMatch(log.text, 'topsecret');
  }
  t.strictSame(zm.fetched, []);
  t.ok(server.requests.every(({ url }) => url.endsWith('&token=topsecret')));
  t.notMatch(daemon.logText, 'topsecret');
});

t.test('a daemon that wants a login', async (t) => {
  const auth = { auth_enabled: true, auth_username: 'zm', auth_password: 'secret', token_secret: 'a'.repeat(40) };
  const daemon = await startDaemon(t, { ...auth, token_expiry_seconds: 2 });
  const right = detectorFor(t, { gateway: daemon.url, gatewayUsername: 'zm', gatewayPassword: 'secret' });
  t.ok((await right.detector.detect(frames)).detections.length > 0);
  const wrong = detectorFor(t, { gateway: daemon.url, gatewayUsername: 'zm', gatewayPassword: 'guess' });
  await failure(t, wrong.detector.detect(frames), 'GATEWAY_LOGIN_REFUSED');
});

t.test('what is no picture is told in the same words', async (t) => {
  const daemon = await startDaemon(t);
  for (const { detector } of Object.values(await ways(t, daemon, {}))) {
    await failure(t, detector.detect(Buffer.from('no picture')), 'IMAGE_UNDECODABLE');
  }
});

t.test('models of this process: by path, by name, by entry, all', async (t) => {
  const basePath = t.testdir();
  mkdirSync(path.join(basePath, 'shapes'));
  for (const [from, to] of [
    [embeddedModel, 'yard.onnx'],
    [embeddedModel.replace('.onnx', '.names'), 'yard.names'],
  ] as const) {
    copyFileSync(from, path.join(basePath, 'shapes', to));
  }
  const [frame] = frames;
  const found = async (options: DetectorOptions) => {
    const { detector } = detectorFor(t, { basePath, ...options });
    return (await detector.detect(frame?.picture ?? '')).detections.map(({ modelName }) => modelName);
  };
  const ways: Readonly<Record<string, DetectorOptions>> = {
    yard: { models: ['yard'] },
    Yard: { models: ['Yard=yard'] },
    'yard ': { models: [{ name: 'yard' }] },
    own: { models: [{ name: 'own', weights: path.join(basePath, 'shapes', 'yard.onnx') }] },
    'yard  ': {},
    ' yard': { models: ['all'] },
    default: { models: [embeddedModel] },
    ' yard ': { models: ['yard', { name: 'second', enabled: false, weights: '/none.onnx' }] },
  };
  for (const [name, options] of Object.entries(ways)) {
    const names = await found(options);
    t.ok(names.length > 0, name);
    t.strictSame([...new Set(names)], [name.trim()]);
  }
});

t.test('no model to be found is an error that says where it was looked for', async (t) => {
  const basePath = t.testdir({ empty: {} });
  const all = detectorFor(t, { basePath });
  const error = await failure(t, all.detector.detect(frames), 'MODEL_FILE_MISSING');
  t.match(error.message, basePath);
  const { detector, log } = detectorFor(t, { basePath, models: ['yolo11n'] });
  await failure(t, detector.detect(frames[0]?.picture ?? ''), 'INFERENCE_FAILED');
  t.match(log.text, 'no model named yolo11n');
});

t.test('what was there the last time is not told again, wherever the models run', async (t) => {
  const daemon = await startDaemon(t);
  for (const gateway of [undefined, daemon.url]) {
    const past = { matchPastDetections: true, imagePath: t.testdir(), monitorId: '3' };
    const { detector } = detectorFor(t, { gateway, models: [embeddedModel], ...past });
    const [, frame] = frames;
    t.ok((await detector.detect(frame?.picture ?? '')).detections.length > 0);
    t.strictSame((await detector.detect(frame?.picture ?? '')).detections, []);
  }
});
