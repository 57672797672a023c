import t from 'tap';

import type { Row } from './compare.js';
import { failures, stateOf, table } from './report.js';
import type { ModelResult } from './results.js';

const dog: Row = ['dog', 0.9, 10, 10, 110, 110];
const cat: Row = ['cat', 0.8, 200, 10, 300, 110];

function result(fields: Partial<ModelResult> = {}): ModelResult {
  const pictures = [{ picture: 'a.jpg', reference: [dog], ours: [dog] }];
  return { file: 'm/one.onnx', emptyFirst: false, precision: 'float32', pictures, ...fields };
}

const different = { picture: 'b.jpg', reference: [dog], ours: [cat] };

t.test('a model that meets its targets passes', async (t) => {
  t.equal(stateOf(result()), 'pass');
  t.strictSame(failures([result()]), []);
});

t.test('a model that misses one is a failure', async (t) => {
  const missing = result({ pictures: [...result().pictures, different] });
  t.equal(stateOf(missing), 'miss');
  t.strictSame(failures([missing]), ['`m/one.onnx`: labels of 1 of 2 pictures']);
});

t.test('a model that a server cannot run has not passed, and is no failure', async (t) => {
  for (const fault of [{ referenceFault: 'no pycoral' }, { oursFault: 'no backend' }]) {
    const faulty = result({ ...fault, pictures: [] });
    t.equal(stateOf(faulty), 'not compared');
    t.strictSame(failures([faulty]), []);
    t.match(table([faulty]), /\| - \| - \| - \| - \| not compared \|$/);
  }
});

t.test('a known exception excuses its own pictures only', async (t) => {
  const file = 'ultralytics/yolo26n.onnx';
  const known = { ...different, picture: 'coco_075612.jpg' };
  t.equal(stateOf(result({ file, pictures: [...result().pictures, known] })), 'explained');
  t.equal(stateOf(result({ file, pictures: [...result().pictures, known, different] })), 'miss');
  t.equal(stateOf(result({ file, emptyFirst: true, pictures: [...result().pictures, known] })), 'miss');
});

t.test('the table counts excused pictures too', async (t) => {
  const file = 'ultralytics/yolo26n.onnx';
  const known = { ...different, picture: 'coco_075612.jpg' };
  t.match(table([result({ file, pictures: [...result().pictures, known] })]), /\| 1 of 2 \|.*\| explained \|$/);
});
