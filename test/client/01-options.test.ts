import t from 'tap';

import { ConfigError } from '../../src/config/problems.js';
import { Detector } from '../../src/client/detector.js';
import { askedModels, checkOptions } from '../../src/client/settings.js';
import { checkStream, frameNames, readStreamSequence } from '../../src/client/stream.js';
import { MemoryLog } from '../support/client.js';

function problemsOf(options: object): readonly string[] {
  try {
    checkOptions(options);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

t.test('without options everything has its documented value', async (t) => {
  t.match(checkOptions({}), {
    models: null,
    basePath: '/var/lib/zmeventnotification/models',
    processor: null,
    gateway: null,
    gatewayMode: 'url',
    fallbackLocal: false,
    config: { frameStrategy: 'most_models', matchStrategy: 'most', pattern: '.*', models: [] },
  });
});

t.test('a gateway: the slashes at its end go, seconds become milliseconds', async (t) => {
  const options = { gateway: 'https://gpu:5000/yolo//', gatewayTimeout: 2.5, gatewayUsername: 'zm' };
  t.strictSame(checkOptions(options).gateway, {
    url: 'https://gpu:5000/yolo',
    timeoutMs: 2500,
    retryBusy: false,
    persistent: true,
    username: 'zm',
    password: '',
  });
  t.equal(checkOptions({ gateway: '' }).gateway, null);
});

t.test('each wrong value is a sentence with the mend', async (t) => {
  t.strictSame(
    problemsOf({ processor: 'gpuu', gatewayTimeout: 'long', models: ['yolo11n', 3, { minConfidence: 'x' }] }),
    [
      'expected a name or an entry for models[1], got 3',
      'expected a number for models[2].minConfidence, got "x"',
      'expected "cpu", "gpu" or "tpu" for processor, got "gpuu": did you mean "gpu"?',
      'expected a number from 0.001 to 86400 for gatewayTimeout, got "long"',
    ],
  );
  t.strictSame(problemsOf({ models: ['all', 'yolo11n'] }), [
    'expected names of models or the word all by itself for models, got a list',
  ]);
  t.strictSame(problemsOf({ frameStrategy: 'most_model' }), [
    'expected "first", "first_new", "most", "most_unique" or "most_models" for frameStrategy, got "most_model": did you mean "most_models"?',
  ]);
});

t.test('a gateway that is no URL is not shown, since it may hold a password', async (t) => {
  const [problem = ''] = problemsOf({ gateway: 'ftp://zm:secret@gpu' });
  t.match(problem, 'expected a URL such as "http://host:5000" for gateway');
  t.notMatch(problem, 'secret');
  t.strictSame(problemsOf({ gateway: 'http://gpu', gatewayPassword: ['secret'] }), [
    'expected text for gatewayPassword, got a list (not shown)',
  ]);
});

t.test('a misspelt option is ignored with a word', async (t) => {
  const log = new MemoryLog();
  checkOptions({ log, gatway: 'http://gpu', models: [{ name: 'a', minConfidense: 0.2 }] } as object);
  t.strictSame(
    log.lines.map(({ message }) => message),
    [
      'unknown key models[0].minConfidense is ignored: did you mean models[0].minConfidence?',
      'unknown key gatway is ignored: did you mean gateway?',
    ],
  );
});

t.test('a pattern that is none is told at once', async (t) => {
  t.throws(() => new Detector({ pattern: '(person' }), { code: 'PATTERN_INVALID' });
  t.throws(() => new Detector({ models: [{ name: 'a', pattern: '(person' }] }), { code: 'PATTERN_INVALID' });
});

t.test('a server is asked for a model by the name it is published under', async (t) => {
  const asked = (...models: string[]) => askedModels(checkOptions({ models }))?.map(({ name }) => name);
  t.strictSame(asked('yolo11n', 'YOLO ONNX=yolo11s', '/models/yard/yard.onnx', 'yard=/models/a.onnx'), [
    'yolo11n',
    'YOLO ONNX',
    'yard',
    'yard',
  ]);
  t.equal(asked('all'), undefined);
});

t.test('frames of an event', async (t) => {
  t.strictSame(frameNames(checkStream()), ['snapshot', 'alarm', '1']);
  t.strictSame(frameNames(checkStream({ frameSet: ['7'] })), ['7']);
  t.strictSame(frameNames(checkStream({ frameSet: [], maxFrames: 3, startFrame: 2, frameSkip: 5 })), ['2', '7', '12']);
  t.strictSame(frameNames(checkStream({ frameSet: [] })), ['snapshot', 'alarm', '1']);
  t.throws(() => checkStream({ maxAttempts: -1 }), {
    code: 'CONFIG_INVALID',
    message: 'expected a whole number of at least 0 for maxAttempts, got -1',
  });
});

t.test('stream_sequence in the words of objectconfig.yml', async (t) => {
  const stream = readStreamSequence({
    frame_set: 'snapshot, alarm,7',
    max_attempts: '3',
    sleep_between_attempts: 4,
    contig_frames_before_error: 5,
    resize: 800,
    delete_after_analyze: 'yes',
  });
  t.match(stream, { frameSet: ['snapshot', 'alarm', '7'], maxAttempts: 3, sleepBetweenAttempts: 4, delay: 0 });
});
