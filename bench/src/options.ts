/** The command line of the benchmark. */
import path from 'node:path';
import { parseArgs } from 'node:util';

import { nearest } from '../../src/config/nearest.js';

const commands = ['bars', 'table', 'soak'] as const;
export type Command = (typeof commands)[number];

export const pictureKinds = ['jpeg720', 'jpeg1080', 'jpeg2160', 'png1080'] as const;
export type PictureKind = (typeof pictureKinds)[number];

export const routes = ['detect', 'detect_urls'] as const;
export type RouteName = (typeof routes)[number];

export interface Options {
  readonly command: Command;
  /** The embedded model and its sample picture, without pyzm.serve, everything short: shows that the benchmark works. */
  readonly quick: boolean;
  /** Files of the shared folder's models; the first is judged, the others are reported. */
  readonly models: readonly string[];
  readonly pyzm: boolean;
  readonly rounds: number;
  /** Length of one measurement. */
  readonly seconds: number;
  readonly overloadSeconds: number;
  readonly minutes: number;
  readonly device: 'cpu' | 'gpu';
  /** Further settings of the daemon, as in its settings file. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** The daemon's program. */
  readonly daemon: string;
  readonly pictures: readonly PictureKind[];
  readonly clients: readonly number[];
  readonly routes: readonly RouteName[];
  /** The file of results without its ending. */
  readonly results: string;
}

export class UsageError extends Error {}

/** --help was asked for. */
export class HelpWanted extends Error {}

export const usage = `usage: npm run bench -- [bars | table | soak] [options]

bars    what the daemon has to reach, beside ONNX Runtime alone and pyzm.serve (default; about 10 minutes)
table   every picture, number of clients and route (about 40 minutes)
soak    mixed good and bad requests for a long time, with resident size and open files

--quick                 the embedded model, no pyzm.serve, under a minute
--models FILE,FILE...   ONNX files of the shared folder; the first is judged  (yolo11n.onnx, for bars two more)
--no-pyzm               without pyzm.serve
--rounds N              interleaved rounds  (5)
--seconds S             of one measurement  (4; table: 3)
--overload-seconds S    of the open loop  (60)
--minutes M             of a soak  (30)
--device cpu|gpu        what the models run on  (cpu)
--set KEY=VALUE         a setting of the daemon; may be repeated
--daemon FILE           the daemon's program  (dist/cli/zmdetectd.js)
--pictures LIST         of ${pictureKinds.join(', ')}  (table)
--clients LIST          numbers of clients  (bars: 8, on a GPU 64; table: 1,4,16,64)
--routes LIST           of ${routes.join(', ')}  (table)
--results FILE          without its ending  (bench/results/COMMAND, -gpu on a GPU)`;

const flags = {
  quick: { type: 'boolean' },
  models: { type: 'string' },
  'no-pyzm': { type: 'boolean' },
  rounds: { type: 'string' },
  seconds: { type: 'string' },
  'overload-seconds': { type: 'string' },
  minutes: { type: 'string' },
  device: { type: 'string' },
  set: { type: 'string', multiple: true },
  daemon: { type: 'string' },
  pictures: { type: 'string' },
  clients: { type: 'string' },
  routes: { type: 'string' },
  results: { type: 'string' },
  help: { type: 'boolean' },
} as const;

/** Errors: UsageError, with the whole sentence; HelpWanted. */
export function parseOptions(words: readonly string[]): Options {
  checkFlags(words);
  const { values, positionals } = parsed(words);
  if (values.help === true) throw new HelpWanted(usage);
  if (positionals.length > 1) throw new UsageError(`expected one command, got ${positionals.join(' ')}`);
  const command = oneOf('COMMAND', positionals[0] ?? 'bars', commands);
  const quick = values.quick ?? false;
  const device = oneOf('--device', values.device ?? 'cpu', ['cpu', 'gpu'] as const);
  const number = (flag: 'rounds' | 'seconds' | 'minutes' | 'overload-seconds', usual: number) =>
    positive(`--${flag}`, values[flag] ?? String(usual));
  const usualModels = command === 'bars' ? 'yolo11n.onnx,yolo11n_320_int8.onnx,yolo11n_dynbatch.onnx' : 'yolo11n.onnx';
  const name = `${quick ? 'quick' : command}${device === 'gpu' ? '-gpu' : ''}`;
  return {
    command,
    quick,
    models: (values.models ?? usualModels).split(','),
    pyzm: !quick && values['no-pyzm'] !== true,
    rounds: Math.ceil(number('rounds', quick ? 1 : 5)),
    seconds: number('seconds', quick ? 1 : command === 'table' ? 3 : 4),
    overloadSeconds: number('overload-seconds', quick ? 3 : 60),
    minutes: number('minutes', quick ? 0.1 : 30),
    device,
    settings: Object.fromEntries((values.set ?? []).map(setting)),
    daemon: path.resolve(values.daemon ?? 'dist/cli/zmdetectd.js'),
    pictures: quick ? ['jpeg720'] : listOf('--pictures', values.pictures, pictureKinds),
    clients: (values.clients ?? usualClients(command, device)).split(',').map((word) => positive('--clients', word)),
    routes: listOf('--routes', values.routes, routes),
    results: path.resolve(values.results ?? path.join('bench/results', name)),
  };
}

/** A GPU is not kept busy by a few. */
function usualClients(command: Command, device: 'cpu' | 'gpu'): string {
  if (command === 'table') return '1,4,16,64';
  return device === 'gpu' ? '64' : '8';
}

function parsed(words: readonly string[]) {
  try {
    return parseArgs({ args: [...words], options: flags, allowPositionals: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function checkFlags(words: readonly string[]): void {
  for (const word of words) {
    const name = /^--([^=]+)/.exec(word)?.[1];
    if (name === undefined || name in flags) continue;
    const [near] = nearest(name, Object.keys(flags), 1);
    const hint = near === undefined ? '' : `: did you mean --${near}?`;
    throw new UsageError(`expected a flag of the benchmark, got --${name}${hint}`);
  }
}

function oneOf<T extends string>(name: string, word: string, words: readonly T[]): T {
  const found = words.find((one) => one === word);
  if (found !== undefined) return found;
  const [near] = nearest(word, words, 1);
  throw new UsageError(
    `expected ${words.join(', ')} for ${name}, got ${word}${near === undefined ? '' : `: did you mean ${near}?`}`,
  );
}

function listOf<T extends string>(flag: string, text: string | undefined, words: readonly T[]): readonly T[] {
  return text === undefined ? words : text.split(',').map((word) => oneOf(flag, word, words));
}

function positive(name: string, word: string): number {
  const value = Number(word);
  if (word.trim() !== '' && Number.isFinite(value) && value > 0) return value;
  throw new UsageError(`expected a number above 0 for ${name}, got ${word}`);
}

/** `key=value`; numbers, true, false and lists are read as JSON, the rest is text. */
function setting(text: string): [string, unknown] {
  const at = text.indexOf('=');
  if (at < 1) throw new UsageError(`expected KEY=VALUE for --set, got ${text}`);
  const value = text.slice(at + 1);
  try {
    return [text.slice(0, at), JSON.parse(value) as unknown];
  } catch {
    return [text.slice(0, at), value];
  }
}
