import t from 'tap';
import { checkServerConfig } from '../../src/config/server-config.js';
import { problems } from '../support/config-problems.js';

const check = (raw: unknown) => checkServerConfig(raw).config;

t.test('whole numbers are also taken from text and from numbers without a fraction', async (t) => {
  for (const [given, port] of [
    [5001, 5001],
    ['5001', 5001],
    [5001.0, 5001],
    ['5001.0', 5001],
    [' 5001 ', 5001],
    ['5_001', 5001],
    ['0_1', 1],
    ['+5', 5],
    ['-5', -5],
    [-0, 0],
    [99999999, 99999999],
  ] as const) {
    t.equal(check({ port: given }).port, port, JSON.stringify(given));
  }
});

t.test('other values are no whole numbers', async (t) => {
  for (const [given, got] of [
    [5001.5, '5001.5'],
    ['abc', '"abc"'],
    ['', '""'],
    ['5e3', '"5e3"'],
    ['0x10', '"0x10"'],
    ['5.', '"5."'],
    ['1__0', '"1__0"'],
    [1e30, '1e+30'],
    [Number.NaN, 'NaN'],
    [Number.POSITIVE_INFINITY, 'Infinity'],
    [null, 'null'],
    [true, 'true'],
    [[5001], 'a list'],
    [{ a: 1 }, 'a mapping'],
    [new Date(), 'a date'],
  ] as const) {
    t.strictSame(problems({ port: given }), [`expected a whole number for port, got ${got}`]);
  }
});

t.test('booleans are also taken from the usual words and from 0 and 1', async (t) => {
  for (const yes of [true, 'yes', 'YES', 'on', 'On', 'true', 'True', 't', 'y', '1', 1, 1.0]) {
    t.equal(check({ auth_enabled: yes }).auth.enabled, true, String(yes));
  }
  for (const no of [false, 'no', 'No', 'off', 'OFF', 'false', 'f', 'n', '0', 0]) {
    t.equal(check({ auth_enabled: no }).auth.enabled, false, String(no));
  }
  for (const [given, got] of [
    [2, '2'],
    ['enabled', '"enabled"'],
    [' yes ', '" yes "'],
    ['', '""'],
    [null, 'null'],
    [[], 'a list'],
  ] as const) {
    t.strictSame(problems({ auth_enabled: given }), [`expected yes or no for auth_enabled, got ${got}`]);
  }
});

t.test('text is only text: everything else asks for quotes', async (t) => {
  t.equal(check({ host: '10' }).host, '10');
  t.equal(check({ host: '' }).host, '');
  for (const [given, got] of [
    [10, '10: put it in quotes'],
    [1.5, '1.5: put it in quotes'],
    [null, 'null: put it in quotes'],
    [true, 'true: put it in quotes'],
    [new Date(), 'a date: put it in quotes'],
    [['a'], 'a list'],
  ] as const) {
    t.strictSame(problems({ host: given }), [`expected text for host, got ${got}`]);
  }
});

t.test('long text is cut in messages', async (t) => {
  const [sentence] = problems({ port: 'x'.repeat(500) });
  t.equal(sentence, `expected a whole number for port, got "${'x'.repeat(57)}..."`);
});

t.test('fractional numbers are also taken from text, and must be finite', async (t) => {
  for (const [given, seconds] of [
    [2, 2],
    [2.5, 2.5],
    ['2.5', 2.5],
    [' .5 ', 0.5],
    ['5.', 5],
    ['1e1', 10],
    ['1_0.5', 10.5],
  ] as const) {
    t.equal(check({ fetch_timeout_seconds: given }).fetchTimeoutSeconds, seconds, JSON.stringify(given));
  }
  for (const given of ['', '.', '0x1', 'nan', 'inf', Number.NaN, Number.POSITIVE_INFINITY, null, true, []]) {
    t.match(problems({ fetch_timeout_seconds: given }), [
      /^expected a number from 0\.1 to 3600 for fetch_timeout_seconds/,
    ]);
  }
});

t.test('models is a list of text', async (t) => {
  t.strictSame(check({ models: ['a', 'b'] }).models, ['a', 'b']);
  t.strictSame(check({ models: [] }).models, []);
  t.strictSame(check({ models: ['all'] }).models, ['all']);
  t.strictSame(problems({ models: 'all' }), ['expected a list for models, got "all": write it as [all]']);
  t.strictSame(problems({ models: null }), ['expected a list for models, got null']);
  t.strictSame(problems({ models: { a: 1 } }), ['expected a list for models, got a mapping']);
  t.strictSame(problems({ models: ['a', 1, null] }), [
    'expected text for models[1], got 1: put it in quotes',
    'expected text for models[2], got null: put it in quotes',
  ]);
});

t.test('the word all stands by itself', async (t) => {
  for (const models of [
    ['all', 'a'],
    ['a', 'all'],
    ['all', 'all'],
  ]) {
    t.match(problems({ models }), [/^expected .* for models, .*'all' cannot be combined with other model names$/]);
  }
});

t.test('the processor is written in lower case', async (t) => {
  for (const processor of ['cpu', 'gpu', 'tpu'] as const) t.equal(check({ processor }).processor, processor);
  t.strictSame(problems({ processor: 'GPU' }), [
    'expected "cpu", "gpu" or "tpu" for processor, got "GPU": did you mean "gpu"?',
  ]);
  t.strictSame(problems({ processor: null }), ['expected "cpu", "gpu" or "tpu" for processor, got null']);
});

t.test('a token may live no time at all, or less', async (t) => {
  t.equal(check({ token_expiry_seconds: 0 }).auth.tokenExpirySeconds, 0);
  t.equal(check({ token_expiry_seconds: -5 }).auth.tokenExpirySeconds, -5);
});

t.test('the retry time of the GPU may be null', async (t) => {
  t.equal(check({ gpu_retry_seconds: null }).gpuRetrySeconds, null);
  t.equal(check({ gpu_retry_seconds: '30' }).gpuRetrySeconds, 30);
  t.match(problems({ gpu_retry_seconds: -1 }), [/from 0 to 86400/]);
});

t.test("log levels go by Python's names and pino's, in any letter case", async (t) => {
  for (const [word, level] of [
    ['info', 'info'],
    ['DEBUG', 'debug'],
    ['WARNING', 'warn'],
    ['critical', 'fatal'],
    ['trace', 'trace'],
  ] as const) {
    t.equal(check({ log_level: word }).logLevel, level);
  }
  t.match(problems({ log_level: 'loud' }), [/^expected "critical", .* or "trace" for log_level, got "loud"$/]);
});

t.test('secrets are text too, and no message shows them', async (t) => {
  for (const key of ['auth_password', 'token_secret']) {
    t.strictSame(problems({ [key]: 1234 }), [`expected text for ${key}, got a number (not shown): put it in quotes`]);
    t.strictSame(problems({ [key]: null }), [`expected text for ${key}, got null: put it in quotes`]);
    t.strictSame(problems({ [key]: ['hunter2'] }), [`expected text for ${key}, got a list (not shown)`]);
  }
  t.strictSame(
    problems({
      detector_config: {
        models: [{ alpr_key: 55, aws_secret_access_key: 66 }],
      },
    }),
    [
      'expected text for detector_config.models[0].alpr_key, got a number (not shown): put it in quotes',
      'expected text for detector_config.models[0].aws_secret_access_key, got a number (not shown): put it in quotes',
    ],
  );
});

t.test('the whole file must be a mapping, and is not quoted when it is not', async (t) => {
  t.strictSame(problems(['a']), ['expected a mapping for the configuration, got a list']);
  t.strictSame(problems('auth_password=hunter2'), ['expected a mapping for the configuration, got a text']);
  t.strictSame(problems(5), ['expected a mapping for the configuration, got a number']);
});

t.test('every problem gets its own sentence', async (t) => {
  t.equal(
    problems({
      host: 1,
      port: 'x',
      models: 'all',
      processor: 'GPU',
      workers: 0,
    }).length,
    5,
  );
});
