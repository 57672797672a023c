/** A daemon in this process, with the embedded model, on a free port, and with its log in memory. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { pino } from 'pino';
import type { Test } from 'tap';

import { checkServerConfig } from '../../src/config/server-config.js';
import { Daemon } from '../../src/daemon/daemon.js';

export const embeddedModel = path.resolve('models/default.onnx');
export const httpEngine = process.env.ZMDETECT_TEST_HTTP_ENGINE ?? 'node';
/** A reason to skip where the engine that is tested cannot do what Node's can. */
export const onNodeOnly = httpEngine === 'node' ? false : `${httpEngine} cannot do this; see docs/reference/http.md`;
/** Keys of the configuration file. */
export type Settings = Readonly<Record<string, unknown>>;
export type LogLine = Readonly<Record<string, unknown>>;

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** undefined where the body is no JSON. */
  readonly json: unknown;
}

export class TestDaemon {
  /** Lines as written, oldest first. */
  readonly log: readonly string[];
  readonly #daemon: Daemon;

  private constructor(daemon: Daemon, log: readonly string[]) {
    this.#daemon = daemon;
    this.log = log;
  }

  static async start(t: Test, settings: Settings): Promise<TestDaemon> {
    const lines: string[] = [];
    const log = pino({ level: 'debug', base: null }, { write: (line: string) => void lines.push(line) });
    const { config } = checkServerConfig({
      host: '127.0.0.1',
      port: 0,
      models: [embeddedModel],
      inference_threads: 1,
      // The tests of the server pass on both engines.
      http_engine: httpEngine,
      ...settings,
    });
    const daemon = new TestDaemon(await Daemon.start(config, '0.0.0', log), lines);
    t.teardown(() => daemon.stop());
    return daemon;
  }

  get port(): number {
    return this.#daemon.port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  stop(): Promise<void> {
    return this.#daemon.stop();
  }

  get logText(): string {
    return this.log.join('');
  }

  logged(fields: LogLine): LogLine[] {
    const lines = this.log.map((line) => JSON.parse(line) as LogLine);
    return lines.filter((line) => Object.entries(fields).every(([key, value]) => line[key] === value));
  }

  async request(method: string, route: string, init: RequestInit = {}): Promise<Reply> {
    const response = await fetch(`${this.url}${route}`, { redirect: 'manual', method, ...init });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, json: parsed(text) };
  }

  get(route: string): Promise<Reply> {
    return this.request('GET', route);
  }

  post(route: string, body: unknown, headers: Record<string, string> = {}): Promise<Reply> {
    const json = { 'content-type': 'application/json', ...headers };
    return this.request('POST', route, { headers: json, body: JSON.stringify(body) });
  }

  /** Posts a form to /detect; text becomes a plain field, bytes a file part called image.jpg. */
  upload(
    parts: Readonly<Record<string, string | Uint8Array<ArrayBuffer>>>,
    headers: Record<string, string> = {},
  ): Promise<Reply> {
    const body = new FormData();
    for (const [name, value] of Object.entries(parts)) {
      if (typeof value === 'string') body.append(name, value);
      else body.append(name, new Blob([value], { type: 'image/jpeg' }), 'image.jpg');
    }
    return this.request('POST', '/detect', { body, headers });
  }
}

/** Stopped at the end of the test. Without `models` it has the embedded one, under the name `default`. */
export function startDaemon(t: Test, settings: Settings = {}): Promise<TestDaemon> {
  return TestDaemon.start(t, settings);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** The bytes of a file of the repository. */
export function bytesOf(file: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(file));
}

/** Resolves once `condition` holds; rejects after `seconds`. */
export async function until(condition: () => boolean, seconds = 30): Promise<void> {
  const end = performance.now() + seconds * 1000;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`not within ${seconds} s: ${condition.toString()}`);
    await wait(10);
  }
}
