/** The command line of `zmdetectd`: pyzm.serve's flags with the words, usage text and exit statuses of argparse. */
import { type ArgumentOptions, ArgumentParser, SUPPRESS } from 'argparse';
import { processors } from '../detection/config.js';
import { darknetEngines, int8Precisions, tensorrtModes } from '../detection/runtime.js';
import { ZmdetectError } from '../errors.js';
import { loopbackChoices } from '../frames/policy.js';
import { ConfigError } from './problems.js';
import { snakeCase } from './readers.js';
import { defaultSettings, httpEngines } from './server-config.js';

/** The parser has said what it had to say: help or version (status 0), or a usage error (status 2). */
export class CommandLineExit extends Error {
  readonly exitStatus: number;
  readonly stdout: string;
  readonly stderr: string;

  constructor(exitStatus: number, stdout: string, stderr: string) {
    super(stderr.trim() || stdout.trim());
    this.name = 'CommandLineExit';
    this.exitStatus = exitStatus;
    this.stdout = stdout;
    this.stderr = stderr;
  }
}

/** The status to leave with after `error` ended the start. */
export function exitStatus(error: unknown): number {
  // EX_CONFIG of sysexits.h: a supervisor should not try again and again for a device that is not there.
  if (error instanceof ZmdetectError && error.code === 'DEVICE_UNAVAILABLE') return 78;
  return error instanceof CommandLineExit || error instanceof ConfigError ? error.exitStatus : 1;
}

export interface Flags {
  /** The file to read instead of all other flags. */
  readonly config: string | null;
  readonly debug: boolean;
  /** The other flags that were given, under the snake_case keys of the file. */
  readonly given: Readonly<Record<string, unknown>>;
}

/** Named as in Python, because argparse puts a type's name into its message. */
function int(word: string): number {
  const digits = word.trim();
  if (!/^[+-]?\d+(?:_\d+)*$/.test(digits)) throw new TypeError('not an int');
  return Number(digits.replaceAll('_', '')) + 0;
}

function float(word: string): number {
  const digits = word.trim();
  const number = Number(digits);
  if (digits === '' || /^[+-]?0[xob]/i.test(digits) || !Number.isFinite(number)) throw new TypeError('not a float');
  return number;
}

type Key = keyof ReturnType<typeof defaultSettings>;
type FlagRow = readonly [flag: string, key: Key, options: ArgumentOptions];

const on: ArgumentOptions = { action: 'store_true' };

const flagRows: readonly FlagRow[] = [
  [
    '--models',
    'models',
    {
      nargs: '+',
      help: 'models to load; "all": every one, on first use; "name=model": under a name',
    },
  ],
  ['--base-path', 'basePath', { help: 'directory whose sub-directories hold the models' }],
  ['--processor', 'processor', { choices: processors, help: 'what the models run on' }],
  ['--no-cpu-fallback', 'allowCpuFallback', { action: 'store_false', help: 'fail a request when the GPU fails' }],
  ['--gpu-retry-seconds', 'gpuRetrySeconds', { type: int, help: 'time on the CPU after a GPU failure; 0: for good' }],
  ['--gpu-device', 'gpuDevice', { type: int, help: "CUDA's number of the GPU" }],
  ['--gpu-memory-limit-bytes', 'gpuMemoryLimitBytes', { type: int, help: 'of the GPU for each model; 0: no limit' }],
  ['--tensorrt', 'tensorrt', { choices: tensorrtModes, help: 'run on TensorRT, in this precision' }],
  ['--tensorrt-cache', 'tensorrtCache', { help: 'directory for what TensorRT builds' }],
  ['--cuda-graph', 'cudaGraph', { ...on, help: 'record what the GPU does once, then replay it' }],
  ['--darknet-engine', 'darknetEngine', { choices: darknetEngines, help: 'what runs .cfg and .weights' }],
  ['--int8-precision', 'int8Precision', { choices: int8Precisions, help: '8-bit models on processors without VNNI' }],
  ['--host', 'host', { help: 'address to listen on' }],
  ['--port', 'port', { type: int, help: 'port to listen on' }],
  ['--max-connections', 'maxConnections', { type: int, help: 'connections at once' }],
  ['--max-connections-per-address', 'maxConnectionsPerAddress', { type: int, help: 'of these, from one address' }],
  ['--trusted-proxies', 'trustedProxies', { nargs: '+', help: 'addresses of proxies that name the client' }],
  ['--http-engine', 'httpEngine', { choices: httpEngines, help: 'what parses HTTP' }],
  ['--auth', 'authEnabled', { ...on, help: 'require a token' }],
  ['--auth-user', 'authUsername', { help: 'user name for /login' }],
  ['--auth-password', 'authPassword', { help: 'password for /login; others can see it here: prefer the file' }],
  ['--token-secret', 'tokenSecret', { help: 'key that signs tokens; others can see it here: prefer the file' }],
  ['--workers', 'workers', { type: int, help: 'processes, each with every model' }],
  ['--max-upload-bytes', 'maxUploadBytes', { type: int, help: 'largest request body' }],
  ['--max-image-pixels', 'maxImagePixels', { type: int, help: 'largest picture, width times height' }],
  ['--fast-jpeg', 'fastJpeg', { ...on, help: 'decode JPEG quicker, with slightly other boxes' }],
  ['--fetch-concurrency', 'fetchConcurrency', { type: int, help: 'frames of a request fetched at the same time' }],
  ['--fetch-timeout-seconds', 'fetchTimeoutSeconds', { type: float, help: 'to connect, and between received pieces' }],
  ['--frame-timeout-seconds', 'frameTimeoutSeconds', { type: float, help: 'longest time for one frame' }],
  ['--max-frame-bytes', 'maxFrameBytes', { type: int, help: 'largest fetched frame' }],
  [
    '--fetch-allowed-hosts',
    'fetchAllowedHosts',
    { nargs: '+', help: 'hosts that frames may come from; "*.x.org": all below' },
  ],
  ['--fetch-allowed-cidrs', 'fetchAllowedCidrs', { nargs: '+', help: 'networks that frames may come from' }],
  ['--fetch-loopback', 'fetchLoopback', { choices: loopbackChoices, help: 'clients that may name loopback addresses' }],
  ['--decode-threads', 'decodeThreads', { type: int, help: 'threads that decode pictures; 0: automatic' }],
  ['--inference-threads', 'inferenceThreads', { type: int, help: 'threads inside a run of a model; 0: automatic' }],
  ['--instances', 'instances', { type: int, help: 'runs of a model at the same time; 0: automatic' }],
  ['--shutdown-seconds', 'shutdownSeconds', { type: float, help: 'how long a stop waits for requests' }],
  ['--request-timeout-seconds', 'requestTimeoutSeconds', { type: float, help: 'longest time to an answer' }],
  ['--url-deadline-seconds', 'urlDeadlineSeconds', { type: float, help: 'longest wait of a request that names URLs' }],
  ['--max-queued-bytes', 'maxQueuedBytes', { type: int, help: 'bytes of pictures that wait in memory' }],
  ['--max-loaded-models', 'maxLoadedModels', { type: int, help: 'models in memory at once; 0: no limit' }],
  ['--max-model-memory', 'maxModelMemory', { type: int, help: 'bytes of all models in memory; 0: no limit' }],
  ['--keep-alive', 'keepAlive', { type: float, help: 'seconds until an idle model is unloaded; -1: never' }],
  ['--metrics-auth', 'metricsAuth', { ...on, help: 'require a token for /metrics too' }],
];

const flagByKey = new Map(flagRows.map(([flag, key]) => [snakeCase(key), flag]));

/** What a key of the file is called on the command line. */
export function flagName(key: string): string {
  return flagByKey.get(key) ?? key;
}

/** Collects what argparse would print, and throws where it would end the process. */
class Parser extends ArgumentParser {
  #stdout = '';
  #stderr = '';

  /** argparse's own name for the one place where it writes. */
  _print_message(message: string | undefined, file: unknown = process.stderr): void {
    if (file === process.stdout) this.#stdout += message ?? '';
    else this.#stderr += message ?? '';
  }

  override exit(status = 0, message = ''): never {
    throw new CommandLineExit(status, this.#stdout, this.#stderr + message);
  }
}

/** Reads the arguments after the program's name. Throws CommandLineExit. */
export function parseFlags(args: readonly string[], version: string): Flags {
  const namespace = parser(version).parse_args<Record<string, unknown>>([...args], {});
  const { config, debug, ...given } = { ...namespace };
  return {
    config: typeof config === 'string' && config !== '' ? config : null,
    debug: debug === true,
    given,
  };
}

function parser(version: string): Parser {
  const parser = new Parser({
    prog: 'zmdetectd',
    description: 'Answers over HTTP what is in a camera frame.',
    // Only what was given: the defaults are those of the settings, in one place.
    argument_default: SUPPRESS,
    color: false,
  });
  const defaults = defaultSettings();
  for (const [flag, key, { help, ...options }] of flagRows) {
    const value = defaults[key];
    const shown = typeof value === 'string' || typeof value === 'number' || Array.isArray(value);
    parser.add_argument(flag, {
      ...options,
      dest: snakeCase(key),
      help: shown ? `${help} (default: ${value})` : help,
      // Switches take no value, and argparse refuses a name for it.
      ...(options.action || options.choices ? {} : { metavar: flag.slice(2).toUpperCase().replaceAll('-', '_') }),
    } as ArgumentOptions);
  }
  parser.add_argument('--debug', {
    ...on,
    help: 'log everything; also valid with --config',
  });
  parser.add_argument('--config', {
    help: 'YAML file that replaces all other flags but --debug',
  });
  parser.add_argument('--version', {
    action: 'version',
    version: `zmdetectd ${version}`,
  });
  keepPrefixes(parser);
  return parser;
}

/** Prefixes that are unambiguous among pyzm's flags, and would not be among ours: they keep their meaning. */
function keepPrefixes(parser: Parser): void {
  parser.add_argument('--m', { dest: 'models', nargs: '+', help: SUPPRESS });
  parser.add_argument('--t', { dest: 'token_secret', help: SUPPRESS });
  parser.add_argument('--c', { dest: 'config', help: SUPPRESS });
  for (const prefix of ['--g', '--gp', '--gpu', '--gpu-']) {
    parser.add_argument(prefix, { type: int, dest: 'gpu_retry_seconds', help: SUPPRESS });
  }
  for (const prefix of ['--d', '--de']) parser.add_argument(prefix, { ...on, dest: 'debug', help: SUPPRESS });
}
