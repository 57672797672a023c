import t from 'tap';

import type { ModelRun } from '../../bench/src/bars.js';
import type { Row } from '../../bench/src/measure.js';
import { barsGrid, gpuGrid, markdown, number, plain } from '../../bench/src/text.js';
import type { Bar } from '../../bench/src/verdict.js';

const bar: Bar = {
  model: 'yolo11n.onnx',
  what: 'images/s | over the limit',
  bar: '>= 0.9',
  value: 0.95123,
  unit: 'x',
  spread: { min: 0.9, median: 0.95123, max: 1 },
  met: true,
};

t.test('a bar says what it is, its value and whether it is met', async (t) => {
  const grid = barsGrid([bar, { ...bar, bar: null, met: null, spread: null, note: 'once' }]);
  t.strictSame(grid.slice(1), [
    ['yolo11n.onnx', 'images/s | over the limit', '>= 0.9x', '0.951x', '0.900 to 1.00', 'met', ''],
    ['yolo11n.onnx', 'images/s | over the limit', 'reported', '0.951x', '', '', 'once'],
  ]);
  t.match(markdown(grid), /\n\| --- \| --- /);
  t.match(markdown(grid), /images\/s \\\| over/);
  t.match(plain(grid).split('\n')[1], /^yolo11n\.onnx {2}images/);
});

t.test('figures have three digits that count', async (t) => {
  t.strictSame([0.0312, 1.234, 12.34, 1234.5, NaN].map(number), ['0.031', '1.23', '12.3', '1235', '-']);
});

t.test('on a GPU each round has its use and the sizes of batches', async (t) => {
  const row = {
    route: 'detect',
    gpu: { utilisation: 87.2, memoryMib: 1200, samples: 20 },
    batches: { 8: 30, 16: 200 },
  };
  const run = { model: 'a.onnx', detect: [row as unknown as Row], urls: [] } as unknown as ModelRun;
  t.strictSame(gpuGrid({ models: [run] } as never)?.[1], ['a.onnx', '/detect', '87.2', '1200', '8: 30, 16: 200']);
  t.equal(gpuGrid({ models: [{ ...run, detect: [] }] } as never), undefined, 'there is no such table on a CPU');
});
