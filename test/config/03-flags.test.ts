import t from 'tap';
import { CommandLineExit, exitStatus, parseFlags } from '../../src/config/flags.js';
import { loadServerConfig } from '../../src/config/load.js';
import { ConfigError } from '../../src/config/problems.js';

const version = '1.2.3';
const load = (...args: string[]) => loadServerConfig(args, version);
const config = async (...args: string[]) => (await load(...args)).config;

/** The usage error of a command line. */
function usageError(...args: string[]): CommandLineExit {
  try {
    parseFlags(args, version);
  } catch (error) {
    if (error instanceof CommandLineExit) return error;
    throw error;
  }
  throw new Error(`accepted: ${args.join(' ')}`);
}

t.test('without flags, every setting has its default', async (t) => {
  const { auth, ...rest } = await config();
  t.strictSame(rest, {
    host: '0.0.0.0',
    port: 5000,
    maxConnections: 2048,
    maxConnectionsPerAddress: 1024,
    trustedProxies: [],
    httpEngine: 'node',
    models: ['yolo11s'],
    basePath: '/var/lib/zmeventnotification/models',
    processor: 'cpu',
    processorGiven: false,
    detectorConfig: null,
    workers: 1,
    logLevel: 'info',
    allowCpuFallback: true,
    gpuRetrySeconds: null,
    darknetEngine: 'auto',
    gpuDevice: 0,
    gpuMemoryLimitBytes: 0,
    tensorrt: 'off',
    tensorrtCache: '/var/cache/zmdetect/tensorrt',
    cudaGraph: false,
    int8Precision: 'auto',
    maxUploadBytes: 67108864,
    maxImagePixels: 64000000,
    fastJpeg: false,
    fetchConcurrency: 4,
    fetchTimeoutSeconds: 10,
    frameTimeoutSeconds: 20,
    maxFrameBytes: 67108864,
    fetchAllowedHosts: null,
    fetchAllowedCidrs: null,
    fetchLoopback: 'local',
    decodeThreads: 0,
    inferenceThreads: 0,
    instances: 0,
    shutdownSeconds: 10,
    stuckThreadSeconds: 30,
    requestTimeoutSeconds: 55,
    urlDeadlineSeconds: 50,
    maxQueuedBytes: 1073741824,
    metricsAuth: false,
    maxLoadedModels: 0,
    maxModelMemory: 0,
    pinnedModels: [],
    keepAlive: -1,
    serveModels: null,
    debug: false,
    frameStrategy: 'most_models',
  });
  t.equal(auth.enabled, false);
  t.equal(auth.username, 'admin');
  t.equal(auth.password.reveal(), '');
  t.equal(auth.tokenSecret.reveal(), 'change-me');
  t.equal(auth.tokenExpirySeconds, 3600);
});

t.test('every flag sets its setting', async (t) => {
  for (const [args, expected] of [
    [['--models', 'yolo11n', 'yolo26s'], { models: ['yolo11n', 'yolo26s'] }],
    [['--models', 'all'], { models: ['all'] }],
    [['--base-path', '/models'], { basePath: '/models' }],
    [['--processor', 'gpu'], { processor: 'gpu', processorGiven: true }],
    [['--processor', 'cpu'], { processor: 'cpu', processorGiven: true }],
    [['--processor=tpu'], { processor: 'tpu', processorGiven: true }],
    [['--host', '127.0.0.1'], { host: '127.0.0.1' }],
    [['--port', '5001'], { port: 5001 }],
    [['--port', ' 5_001 '], { port: 5001 }],
    [['--port', '99999999'], { port: 99999999 }],
    [['--port', '-1'], { port: -1 }],
    [['--workers', '2'], { workers: 2 }],
    [['--no-cpu-fallback'], { allowCpuFallback: false }],
    [['--gpu-retry-seconds', '0'], { gpuRetrySeconds: 0 }],
    [['--gpu-device', '1'], { gpuDevice: 1 }],
    [['--gpu-memory-limit-bytes', '2000000000'], { gpuMemoryLimitBytes: 2_000_000_000 }],
    [['--tensorrt', 'fp16', '--tensorrt-cache', '/engines'], { tensorrt: 'fp16', tensorrtCache: '/engines' }],
    [['--cuda-graph'], { cudaGraph: true }],
    [['--int8-precision', 'fast'], { int8Precision: 'fast' }],
    [['--darknet-engine', 'opencv'], { darknetEngine: 'opencv' }],
    [['--debug'], { debug: true, logLevel: 'debug' }],
    [['--max-upload-bytes', '1048576'], { maxUploadBytes: 1048576 }],
    [['--max-image-pixels', '1000'], { maxImagePixels: 1000 }],
    [['--fast-jpeg'], { fastJpeg: true }],
    [['--fetch-concurrency', '8'], { fetchConcurrency: 8 }],
    [['--fetch-timeout-seconds', '2.5'], { fetchTimeoutSeconds: 2.5 }],
    [['--max-frame-bytes', '4096'], { maxFrameBytes: 4096 }],
    [['--decode-threads', '3'], { decodeThreads: 3 }],
    [['--inference-threads', '4'], { inferenceThreads: 4 }],
    [['--instances', '2'], { instances: 2 }],
    [['--shutdown-seconds', '0'], { shutdownSeconds: 0 }],
    [['--request-timeout-seconds', '30'], { requestTimeoutSeconds: 30 }],
    [['--url-deadline-seconds', '5.5'], { urlDeadlineSeconds: 5.5 }],
    [['--max-queued-bytes', '5000'], { maxQueuedBytes: 5000 }],
    [['--max-loaded-models', '2'], { maxLoadedModels: 2 }],
    [['--max-model-memory', '1000000'], { maxModelMemory: 1_000_000 }],
    [['--keep-alive', '-1'], { keepAlive: -1 }],
    [['--metrics-auth'], { metricsAuth: true }],
  ] as const) {
    t.match(await config(...args), expected, args.join(' '));
  }
  const { auth } = await config('--auth', '--auth-user', 'u', '--auth-password', 'p', '--token-secret', 's');
  t.equal(auth.enabled, true);
  t.equal(auth.username, 'u');
  t.equal(auth.password.reveal(), 'p');
  t.equal(auth.tokenSecret.reveal(), 's');
});

t.test('a flag given twice counts the last time', async (t) => {
  t.equal((await config('--port', '1', '--port', '2')).port, 2);
});

t.test('text flags take text that looks like a number', async (t) => {
  const { host, auth } = await config('--host', '1', '--auth-password', '1234');
  t.equal(host, '1');
  t.equal(auth.password.reveal(), '1234');
});

t.test("a usage error ends with status 2, usage on stderr and argparse's words", async (t) => {
  for (const [args, words] of [
    [['--nonsense'], 'unrecognized arguments: --nonsense'],
    [['yolo11n'], 'unrecognized arguments: yolo11n'],
    [['--port', 'x'], "argument --port: invalid int value: 'x'"],
    [['--port', '5.0'], "argument --port: invalid int value: '5.0'"],
    [['--port'], 'argument --port: expected one argument'],
    [['--workers', 'two'], "argument --workers: invalid int value: 'two'"],
    [['--gpu-retry-seconds', '1.5'], "argument --gpu-retry-seconds: invalid int value: '1.5'"],
    [['--fetch-timeout-seconds', 'soon'], "argument --fetch-timeout-seconds: invalid float value: 'soon'"],
    [['--fetch-timeout-seconds', 'nan'], "argument --fetch-timeout-seconds: invalid float value: 'nan'"],
    [['--models'], 'argument --models: expected at least one argument'],
    [['--processor', 'GPU'], "argument --processor: invalid choice: 'GPU' (choose from 'cpu', 'gpu', 'tpu')"],
    [['--p', '1'], 'ambiguous option: --p could match --processor, --port'],
    [['--auth=yes'], "argument --auth: ignored explicit argument 'yes'"],
  ] as const) {
    const error = usageError(...args);
    t.equal(exitStatus(error), 2, args.join(' '));
    t.equal(error.stdout, '');
    t.match(error.stderr, /^usage: zmdetectd /);
    t.equal(error.stderr.trimEnd().split('\n').at(-1), `zmdetectd: error: ${words}`);
  }
});

t.test('help and version go to stdout with status 0', async (t) => {
  const help = usageError('--help');
  t.equal(exitStatus(help), 0);
  t.equal(help.stderr, '');
  t.match(help.stdout, /--base-path BASE_PATH\s+directory/);
  t.notMatch(help.stdout, /--m | --de /, 'kept prefixes are not shown');
  t.match(help.stdout, /default:\s+5000/);
  t.notMatch(help.stdout, /change-me/);
  const shown = usageError('--version');
  t.equal(exitStatus(shown), 0);
  t.equal(shown.stdout, 'zmdetectd 1.2.3\n');
});

t.test("every prefix that is unambiguous among pyzm's own flags keeps its meaning", async (t) => {
  const upstream = [
    ...['--models', '--base-path', '--processor', '--host', '--port', '--auth', '--auth-user', '--auth-password'],
    ...['--token-secret', '--debug', '--config', '--workers', '--no-cpu-fallback', '--gpu-retry-seconds', '--help'],
  ];
  const value = new Map([['--processor', 'gpu']]);
  const switches = ['--auth', '--debug', '--no-cpu-fallback'];
  for (const flag of upstream.filter((name) => name !== '--help')) {
    for (let length = 3; length <= flag.length; length++) {
      const prefix = flag.slice(0, length);
      if (prefix !== flag && upstream.filter((name) => name.startsWith(prefix)).length > 1) continue;
      const rest = switches.includes(flag) ? [] : [value.get(flag) ?? '7'];
      t.strictSame(parseFlags([prefix, ...rest], version), parseFlags([flag, ...rest], version), prefix);
    }
  }
});

t.test('"all" beside other names ends with status 1, not 2', async (t) => {
  for (const models of [
    ['all', 'yolo11n'],
    ['yolo11n', 'all'],
    ['all', 'all'],
  ]) {
    const error = await load('--models', ...models).catch((error: unknown) => error);
    t.ok(error instanceof ConfigError);
    t.equal(exitStatus(error), 1);
    t.match((error as ConfigError).message, /cannot be combined/);
  }
});

t.test('a value out of bounds ends with status 1 and names the flag', async (t) => {
  for (const [flag, value, expected] of [
    ['--workers', '0', 'a whole number from 1 to 256'],
    ['--gpu-retry-seconds', '-1', 'a whole number from 0 to 86400'],
    ['--max-upload-bytes', '0', 'a whole number from 1024 to 2147483647'],
    ['--max-image-pixels', '0', 'a whole number from 1 to 2147483647'],
    ['--fetch-concurrency', '65', 'a whole number from 1 to 64'],
    ['--fetch-timeout-seconds', '0', 'a number from 0.1 to 3600'],
    ['--max-frame-bytes', '1', 'a whole number from 1024 to 2147483647'],
    ['--decode-threads', '-1', 'a whole number from 0 to 1024'],
    ['--inference-threads', '-1', 'a whole number from 0 to 1024'],
    ['--instances', '257', 'a whole number from 0 to 256'],
    ['--shutdown-seconds', '-1', 'a number from 0 to 3600'],
    ['--request-timeout-seconds', '0', 'a number from 0.1 to 3600'],
  ] as const) {
    const error = await load(flag, value).catch((error: unknown) => error);
    t.equal(exitStatus(error), 1);
    t.equal((error as Error).message, `expected ${expected} for ${flag}, got ${value}`);
  }
});

t.test('any other error means status 1', async (t) => {
  t.equal(exitStatus(new Error('bind')), 1);
  t.equal(exitStatus('text'), 1);
});
