/** Good and bad requests for a long time: whether the daemon's memory and open files stay where they are. */
import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

import { Connection } from './load/connection.js';
import { get, postForm, postJson } from './load/request.js';
import type { Bench } from './measure.js';
import type { Options } from './options.js';
import type { Prepared } from './prepare.js';
import { openFiles, residentMib } from './process-stats.js';
import { line } from './stats.js';
import { startDaemon } from './subjects.js';

export interface Sample {
  readonly minutes: number;
  readonly requests: number;
  readonly residentMib: number;
  readonly openFiles: number;
}

export interface Judged {
  readonly what: string;
  /** On the straight line through what came after the first fifth, in which pools and caches fill. */
  readonly first: number;
  readonly last: number;
  readonly perHour: number;
  readonly flat: boolean;
}

export interface SoakRun {
  readonly model: string;
  readonly minutes: number;
  readonly samples: readonly Sample[];
  /** Answers by kind of request and status; 0: there was none. */
  readonly statuses: Readonly<Record<string, number>>;
  readonly judged: readonly Judged[];
}

const clients = 8;

interface Kind {
  readonly request: Uint8Array;
  /** Milliseconds after which the client hangs up. */
  readonly hangUpMs?: number;
}

/** What is asked in turn: good requests among those of clients and networks that go wrong. */
function kinds(pictures: readonly string[], frameUrl: (n: number) => string): Readonly<Record<string, Kind>> {
  const bytes = pictures.map((file) => readFileSync(file));
  const upload = (n: number, headers = {}) =>
    postForm(
      '/detect',
      {},
      { name: 'file', filename: 'a.jpg', bytes: bytes[n % bytes.length] ?? Buffer.alloc(0) },
      headers,
    );
  const urls = (...list: string[]) =>
    postJson('/detect_urls', { urls: list.map((url, i) => ({ frame_id: String(i), url })) });
  const whole = upload(3);
  const zones = '[{"name": "line", "value": [[0, 0], [9, 9]]}]';
  return {
    'picture 1': { request: upload(0) },
    'hang up while waiting': { request: upload(1), hangUpMs: 30 },
    'picture 2': { request: upload(2) },
    'hang up while sending': { request: whole.subarray(0, whole.length / 2), hangUpMs: 10 },
    'picture 3': { request: upload(4) },
    'deadline that cannot be met': { request: upload(5, { 'x-deadline-ms': '1' }) },
    'frames by URL': { request: urls(frameUrl(0), frameUrl(1), frameUrl(2)) },
    'dead URL': { request: urls('http://127.0.0.1:9/', frameUrl(3)) },
    'picture 4': { request: upload(6) },
    'missing frame': { request: urls(frameUrl(1000)) },
    'broken picture': {
      request: postForm('/detect', {}, { name: 'file', filename: 'a.jpg', bytes: whole.subarray(300, 20_000) }),
    },
    'no JSON': { request: postForm('/detect_urls', {}) },
    'broken zones': {
      request: postForm('/detect', { zones }, { name: 'file', filename: 'a.jpg', bytes: bytes[0] ?? whole }),
    },
    'unknown route': { request: get('/nothing/here') },
    health: { request: get('/health') },
  };
}

export async function runSoak(bench: Bench, options: Options, { models }: Prepared): Promise<SoakRun> {
  const [model] = models;
  if (model === undefined) throw new Error('there is no model');
  const daemon = await startDaemon(options, model);
  try {
    const list = Object.entries(kinds(bench.pictures.jpeg1080, (n) => bench.frames.jpeg1080.url(n)));
    const statuses: Record<string, number> = {};
    const samples: Sample[] = [];
    const started = performance.now();
    const minutes = () => (performance.now() - started) / 60_000;
    let requests = 0;
    let turn = 0;
    const client = async () => {
      let connection = new Connection(daemon.port);
      while (minutes() < options.minutes) {
        const next = list[turn++ % list.length];
        if (next === undefined) break;
        if (!connection.usable) connection = new Connection(daemon.port);
        const status = await ask(connection, next[1]);
        requests += 1;
        const key = `${next[0].replace(/ \d$/, '')}: ${status === 0 ? 'no answer' : status}`;
        statuses[key] = (statuses[key] ?? 0) + 1;
      }
      connection.close();
    };
    const sampler = async () => {
      const every = Math.min(5, (options.minutes * 60) / 40) * 1000;
      while (minutes() < options.minutes) {
        const { now } = residentMib(daemon.pid);
        samples.push({ minutes: minutes(), requests, residentMib: now, openFiles: openFiles(daemon.pid) });
        await wait(every);
      }
    };
    await Promise.all([sampler(), ...Array.from({ length: clients }, client)]);
    return { model: model.name, minutes: options.minutes, samples, statuses, judged: judgeSoak(samples) };
  } finally {
    await daemon.stop();
  }
}

function ask(connection: Connection, { request, hangUpMs }: Kind): Promise<number> {
  return new Promise((resolve) => {
    connection.send(request, ({ status }) => resolve(status));
    if (hangUpMs !== undefined) setTimeout(() => connection.close(), hangUpMs);
  });
}

/** Flat: over all that came after the first fifth the straight line rises by less than 3 % of where it begins, or 3. */
export function judgeSoak(samples: readonly Sample[]): Judged[] {
  const end = samples.at(-1)?.minutes ?? 0;
  const rest = samples.filter(({ minutes }) => minutes >= end / 5);
  const judge = (what: string, of: (sample: Sample) => number): Judged => {
    const { start, slope } = line(rest.map((sample) => [sample.minutes, of(sample)] as const));
    const [first, last] = [start + slope * (end / 5), start + slope * end];
    return { what, first, last, perHour: slope * 60, flat: last - first <= Math.max(3, 0.03 * first) };
  };
  return [judge('resident MiB', ({ residentMib: mib }) => mib), judge('open files', ({ openFiles: count }) => count)];
}
