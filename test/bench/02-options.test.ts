import t from 'tap';

import { parseOptions, UsageError } from '../../bench/src/options.js';

t.test('without words the bars are measured on the CPU in five rounds', async (t) => {
  t.match(parseOptions([]), {
    command: 'bars',
    quick: false,
    pyzm: true,
    rounds: 5,
    device: 'cpu',
    overloadSeconds: 60,
    results: /bench\/results\/bars$/,
  });
  t.equal(parseOptions([]).models[0], 'yolo11n.onnx', 'the first model is the one that is judged');
});

t.test('a quick run is short, and leaves the results of a long one alone', async (t) => {
  t.match(parseOptions(['--quick']), { rounds: 1, seconds: 1, pyzm: false, results: /results\/quick$/ });
  t.match(parseOptions(['--device', 'gpu']), { results: /results\/bars-gpu$/ });
});

t.test('settings of the daemon are read as what they are', async (t) => {
  const { settings } = parseOptions(['--set', 'instances=2', '--set', 'fast_jpeg=true', '--set', 'log_level=warning']);
  t.strictSame(settings, { instances: 2, fast_jpeg: true, log_level: 'warning' });
});

t.test('what is not understood is said, with the nearest right word', async (t) => {
  const said = (...words: string[]) => {
    try {
      parseOptions(words);
    } catch (error) {
      if (error instanceof UsageError) return error.message;
    }
    return undefined;
  };
  t.equal(said('--round', '3'), 'expected a flag of the benchmark, got --round: did you mean --rounds?');
  t.equal(said('tabel'), 'expected bars, table, soak for COMMAND, got tabel: did you mean table?');
  t.equal(said('--rounds', 'few'), 'expected a number above 0 for --rounds, got few');
  t.equal(said('--set', 'instances'), 'expected KEY=VALUE for --set, got instances');
  t.match(said('--pictures', 'jpeg1081'), /for --pictures, got jpeg1081: did you mean jpeg1080\?$/);
});
