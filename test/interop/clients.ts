/** The published pyzm clients: where they are, and one Python process for each that drives them (driver.py). */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import tap, { type Test } from 'tap';

import type { ResultJson } from '../../src/detection/wire.js';

export const generations = ['g1', 'g2', 'g3', 'g4'] as const;
export type Generation = (typeof generations)[number];
/** Of those, the ones to play; all where none is named. */
const chosen = (process.env.ZMDETECT_INTEROP_GENERATIONS ?? '').split(' ').filter((name) => name !== '');

/** Made by scripts/interop; nobody else installs the Python packages. */
export const folder = process.env.ZMDETECT_INTEROP;
const results = process.env.ZMDETECT_INTEROP_RESULTS;
export const python = path.join(folder ?? '', 'venv/bin/python');

/** Where scripts/interop has unpacked the release. */
export function sourceOf(generation: Generation): string {
  return path.join(folder ?? '', generation);
}

/** What a client makes of its answers: `DetectionResult.to_dict()` without the picture. */
export type ClientResult = Omit<ResultJson, 'detection_types'> & Partial<Pick<ResultJson, 'detection_types'>>;

export type Outcome<Value = ClientResult> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly error: string; readonly message: string };

/** The keys are those of driver.py, whose names are pyzm's. */
export interface DetectorOptions {
  readonly gateway?: string;
  readonly gateway_mode?: 'url' | 'image';
  readonly gateway_username?: string;
  readonly gateway_password?: string;
  readonly gateway_timeout?: number;
  readonly config?: Readonly<Record<string, unknown>>;
  /** In place of all others: what the hook hands over. */
  readonly ml_options?: Readonly<Record<string, unknown>>;
}

export interface ClientZone {
  readonly name: string;
  readonly points: ReadonlyArray<readonly [x: number, y: number]>;
  readonly pattern?: string;
  readonly ignore_pattern?: string;
}

interface Common {
  readonly zones?: readonly ClientZone[];
  /** Seconds to wait before the call. */
  readonly after?: number;
}

export type Call =
  | (Common & { readonly do: 'detect'; readonly path: string; readonly as?: 'path' | 'array' })
  | (Common & { readonly do: 'list'; readonly frames: ReadonlyArray<readonly [id: string, path: string]> })
  | (Common & {
      readonly do: 'event';
      readonly portal?: string;
      readonly auth?: string;
      readonly verify_ssl?: boolean;
      readonly monitor?: readonly [width: number, height: number];
      readonly stream?: Readonly<Record<string, unknown>>;
      /** For image mode, where the client has the frames. */
      readonly frames?: ReadonlyArray<readonly [id: string, path: string]>;
      readonly resize?: number;
    });

export class Client {
  readonly generation: Generation;
  readonly versions: Readonly<Record<string, string>>;
  readonly #process: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  private constructor(
    generation: Generation,
    process: ChildProcess,
    lines: AsyncIterator<string>,
    versions: Record<string, string>,
  ) {
    this.generation = generation;
    this.#process = process;
    this.#lines = lines;
    this.versions = versions;
  }

  static async start(generation: Generation): Promise<Client> {
    const child = spawn(python, ['-P', path.resolve('test/interop/driver.py')], {
      env: environmentOf(generation),
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const versions = JSON.parse(await next(lines)) as Record<string, string>;
    return new Client(generation, child, lines, versions);
  }

  /** The outcomes of the calls, all made by one Detector. */
  async outcomes(detector: DetectorOptions, ...calls: readonly Call[]): Promise<Outcome[]> {
    return (await this.#ask(detector, calls)) as Outcome[];
  }

  /** The result of one call that is expected to succeed. */
  async result(detector: DetectorOptions, call: Call): Promise<ClientResult> {
    const [outcome] = await this.outcomes(detector, call);
    if (outcome?.ok) return outcome.value;
    throw new Error(`pyzm ${this.versions.pyzm} threw ${outcome?.error}: ${outcome?.message}`);
  }

  /** The bytes that this client uploads for the picture in a file. */
  async uploadOf(file: string, resize?: number): Promise<Buffer> {
    const format = this.generation === 'g4' ? '.png' : '.jpg';
    const call = { do: 'encode', path: file, format, ...(resize === undefined ? {} : { resize }) };
    const [outcome] = (await this.#ask({}, [call])) as Outcome<{ bytes: string }>[];
    if (!outcome?.ok) throw new Error(outcome?.message);
    return Buffer.from(outcome.value.bytes, 'base64');
  }

  async stop(): Promise<void> {
    this.#process.stdin?.end();
    await once(this.#process, 'exit');
  }

  async #ask(detector: DetectorOptions, calls: readonly object[]): Promise<unknown> {
    this.#process.stdin?.write(`${JSON.stringify({ detector, calls })}\n`);
    return JSON.parse(await next(this.#lines)) as unknown;
  }
}

/** The release first on the module path, and no proxy between it and the loopback. */
export function environmentOf(generation: Generation): NodeJS.ProcessEnv {
  return { ...process.env, PYTHONPATH: sourceOf(generation), NO_PROXY: '127.0.0.1', PYTHONUNBUFFERED: '1' };
}

async function next(lines: AsyncIterator<string>): Promise<string> {
  const line = await lines.next();
  if (line.done) throw new Error('the Python process has ended');
  return line.value;
}

/** One process for each release, for all suites: importing OpenCV takes longer than most scenarios. */
const clients = new Map<Generation, Promise<Client>>();

function clientOf(generation: Generation): Promise<Client> {
  let client = clients.get(generation);
  if (client === undefined) {
    client = Client.start(generation);
    clients.set(generation, client);
    tap.teardown(async () => (await client)?.stop());
  }
  return client;
}

/** One line of the table that scripts/interop prints. */
interface Row {
  readonly scenario: string;
  readonly generation: Generation;
  readonly passed: boolean;
  readonly versions: Readonly<Record<string, string>>;
}

/** A scenario that each of the clients goes through in turn. */
export function scenario(
  t: Test,
  name: string,
  body: (t: Test, client: Client) => Promise<void>,
  { only = generations }: { readonly only?: readonly Generation[] } = {},
): void {
  t.test(name, async (t) => {
    for (const generation of only) {
      if (chosen.length > 0 && !chosen.includes(generation)) continue;
      const client = await clientOf(generation);
      let passed = false;
      await t.test(`pyzm ${client.versions.pyzm}`, async (t) => {
        await body(t, client);
        passed = t.passing();
      });
      const row: Row = { scenario: name, generation, passed, versions: client.versions };
      if (results !== undefined) appendFileSync(results, `${JSON.stringify(row)}\n`);
    }
  });
}
