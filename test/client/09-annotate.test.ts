import { readFileSync } from 'node:fs';
import t from 'tap';

import { headerSize } from '../../src/client/picture-size.js';
import { percentOf } from '../../src/client/percent.js';
import { detectorFor, FakeEvent } from '../support/client.js';
import { bytesOf, embeddedModel, startDaemon } from '../support/daemon.js';
import { FrameServer } from '../support/frame-server.js';

const file = 'test/fixtures/shapes/shapes-02-1280x720.jpg';
const size = { width: 1280, height: 720 };

t.test('a result of this process', async (t) => {
  const { detector } = detectorFor(t, { models: [embeddedModel] });
  const zones = [
    {
      points: [
        [0, 0],
        [400, 0],
        [400, 720],
        [0, 720],
      ] as const,
    },
  ];
  const result = await detector.detect(file, { zones });
  t.ok(result.detections.length > 0 && result.errorBoxes.length > 0);
  const plain = await result.annotate();
  t.strictSame(headerSize(plain), size, 'a JPEG of the same size');
  const without = await result.annotate({ errorBoxes: false });
  const outlined = await result.annotate({ zones });
  const small = await result.annotate({ quality: 20 });
  t.equal(new Set([plain, without, outlined, small].map((bytes) => bytes.toString('base64'))).size, 4);
  t.ok(small.length < plain.length);
  t.strictSame(await result.annotate(), plain, 'the same each time');
  await t.rejects(result.annotate({ quality: 0 }), { code: 'OPTION_INVALID' });
});

t.test('a result of a server draws the same, from the bytes that were uploaded or from ZoneMinder', async (t) => {
  const daemon = await startDaemon(t);
  const server = await FrameServer.start({ pictures: { alarm: bytesOf(file) } });
  t.teardown(() => server.close());
  const local = detectorFor(t, { models: [embeddedModel] });
  const drawn = await (await local.detector.detect(file)).annotate();
  const { detector } = detectorFor(t, { gateway: daemon.url, models: ['default'] });
  t.strictSame(await (await detector.detect(file)).annotate(), drawn, 'uploaded');
  const zm = new FakeEvent({ alarm: readFileSync(file) }, `${server.origin}/zm`);
  const event = await detector.detectEvent(zm, 1, { streamConfig: { frameSet: ['alarm'] }, frameSize: size });
  t.strictSame(await event.annotate(), drawn, 'by URL');
  await detector.close();
  t.strictSame(await event.annotate(), drawn, 'also when the detector is closed');
});

t.test('per cent as Python rounds them', async (t) => {
  t.strictSame([0.974, 0.125, 0.375, 0.625, 0.875, 0, 1, 0.005].map(percentOf), [97, 12, 38, 62, 88, 0, 100, 0]);
});
