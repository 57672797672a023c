/** The faster JPEG decode is a choice: it changes pixels, and never what the default gives. */
import { readFile } from 'node:fs/promises';
import t from 'tap';

import { Engine, Ticket } from '../../src/engine/engine.js';

t.test('fast_jpeg moves scores a little and finds the same things in the sample', async (t) => {
  const bytes = await readFile('models/sample.jpg');
  const found = async (fastJpeg: boolean) => {
    const engine = new Engine({ fastJpeg });
    t.teardown(() => engine.close());
    const model = await engine.open({ path: 'models/default.onnx' });
    await model.prepare({ classes: 5, inputWidth: 0, inputHeight: 0, instances: 1 });
    const ticket = new Ticket();
    const image = await engine.decode(bytes, ticket);
    const { classes, scores } = await model.detect(image, 0.3, ticket);
    image.release();
    return { classes: [...classes].sort(), scores: [...scores] };
  };
  const [exact, again, fast] = [await found(false), await found(false), await found(true)];
  t.strictSame(again, exact, 'the default is the same every time');
  t.strictSame(fast.classes, exact.classes);
  t.notSame(fast.scores, exact.scores, 'other pixels, other scores');
});
