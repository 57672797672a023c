/** What was seen, drawn on a picture, through the addon. What is drawn where, native/tests/image_annotate_test.cc says. */
import { readFile } from 'node:fs/promises';
import t from 'tap';

import { type BoxMark, Engine, Ticket } from '../../src/engine/engine.js';

const red = [220, 0, 0] as const;

/** A PPM of `width` x `height` pixels, whose colours `paint` gives. */
function ppm(width: number, height: number, paint: (x: number, y: number) => readonly [number, number, number]) {
  const pixels = Array.from({ length: width * height }, (_, i) => paint(i % width, Math.floor(i / width)));
  return Buffer.concat([Buffer.from(`P6\n${String(width)} ${String(height)}\n255\n`), Buffer.from(pixels.flat())]);
}

t.test('annotate', async (t) => {
  const engine = new Engine({ maxImages: 2 });
  t.teardown(() => engine.close());
  const sample = await readFile('models/sample.jpg');
  const car: BoxMark = { box: [100, 100, 400, 300], text: 'car 97%', colour: red };

  await t.test('draws the frame in its colour, line by line', async (t) => {
    const grey = ppm(40, 30, () => [128, 128, 128]);
    // A picture so small has lines of one pixel, set off by a dark one.
    const expected = ppm(40, 30, (x, y) => {
      const ring = Math.min(x, y, 39 - x, 29 - y);
      return ring === 0 ? red : ring === 1 ? [70, 70, 70] : [128, 128, 128];
    });
    t.same(
      await engine.annotate(grey, [{ box: [0, 0, 40, 30], text: '', colour: red }]),
      await engine.annotate(expected, []),
    );
  });

  await t.test('gives a JPEG of the same size, another one for each mark', async (t) => {
    const zone = { polygon: [[10, 10], [1200, 40], [600, 700]], colour: red } as const; // prettier-ignore
    const files = await Promise.all([[], [{ ...car, text: '' }], [car], [zone], [zone, car]].map((marks) => engine.annotate(sample, marks))); // prettier-ignore
    for (const file of files) {
      const image = await engine.decode(file, new Ticket());
      image.release();
      t.match([file[0], file[1], image.width, image.height], [0xff, 0xd8, 1280, 720]);
    }
    t.equal(new Set(files.map((file) => file.toString('base64'))).size, files.length);
  });

  await t.test('takes what is nowhere or no number for no mark', async (t) => {
    const nowhere = [
      { ...car, box: [NaN, 100, 400, 300] },
      { ...car, box: [5000, 100, 6000, 300] },
      { polygon: [[NaN, NaN], [1, NaN], [-Infinity, -Infinity]], colour: red }, // prettier-ignore
      { polygon: [], colour: red },
    ] as const;
    t.same(await engine.annotate(sample, nowhere), await engine.annotate(sample, []));
  });

  await t.test('a better quality makes a larger file', async (t) => {
    const [small, large] = [
      await engine.annotate(sample, [car], { quality: 40 }),
      await engine.annotate(sample, [car]),
    ];
    t.ok(small.length < large.length, `${String(small.length)} < ${String(large.length)}`);
  });

  await t.test('refuses', async (t) => {
    const cancelled = new Ticket();
    cancelled.cancel();
    await t.rejects(engine.annotate(sample, [car], { ticket: cancelled }), { code: 'CANCELLED' });
    await t.rejects(engine.annotate(Buffer.from('no picture'), [car]), { code: 'IMAGE_UNDECODABLE' });
    await t.rejects(engine.annotate(Buffer.alloc(0), [car]), { code: 'IMAGE_EMPTY' });
    for (const quality of [0, 101, 90.5, NaN]) {
      await t.rejects(engine.annotate(sample, [car], { quality }), {
        code: 'OPTION_INVALID',
        message: `expected a whole number from 1 to 100 for quality, got ${String(quality)}`,
      });
    }
  });
});
