/** Servers under comparison, as processes with a settings file each: one model, one loopback port. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, closeSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

import type { Row } from './compare.js';
import type { ParityModel } from './models.js';

/** How to start a server, and how to find the reason of a failure in what it logged. */
export interface Program {
  readonly name: string;
  readonly command: readonly [program: string, ...args: string[]];
  readonly faultIn: (log: string) => string | undefined;
}

interface Reply {
  readonly labels: readonly string[];
  readonly confidences: readonly number[];
  readonly boxes: readonly (readonly [number, number, number, number])[];
}

/** This model cannot be had from this server; the message says why. */
export class CannotRun extends Error {}

const startSeconds = 120;

export class Server {
  readonly port: number;
  readonly #program: Program;
  readonly #process: ChildProcess;
  readonly #url: string;
  readonly #logFile: string;

  private constructor(program: Program, process: ChildProcess, port: number, logFile: string) {
    this.#program = program;
    this.#process = process;
    this.port = port;
    this.#url = `http://127.0.0.1:${port}`;
    this.#logFile = logFile;
  }

  /** Started and with the model in memory; `more` are further settings. Errors: CannotRun. */
  static async start(
    program: Program,
    model: Pick<ParityModel, 'entry'>,
    folder: string,
    more: Readonly<Record<string, unknown>> = {},
  ): Promise<Server> {
    const port = await freePort();
    const settings = { host: '127.0.0.1', port, detector_config: { models: [model.entry] }, ...more };
    const file = path.join(folder, `${program.name}.yml`);
    // JSON is YAML.
    writeFileSync(file, JSON.stringify(settings));
    // A file, not a pipe: what was written before an answer can be read after it.
    const logFile = path.join(folder, `${program.name}.log`);
    const log = openSync(logFile, 'w');
    const [command, ...args] = program.command;
    const child = spawn(command, [...args, '--config', file], { stdio: ['ignore', log, log] });
    closeSync(log);
    const server = new Server(program, child, port, logFile);
    try {
      await server.#ready();
      return server;
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  /** Of the process while it runs. */
  get pid(): number {
    const { pid } = this.#process;
    if (pid === undefined) throw new Error(`${this.#program.name} has not started`);
    return pid;
  }

  /** What the server finds in a picture. Errors: CannotRun when the model gave no answer, whatever the status says. */
  async detect(name: string, bytes: Uint8Array<ArrayBuffer>): Promise<Row[]> {
    const form = new FormData();
    form.set('file', new Blob([bytes]), name);
    const response = await fetch(`${this.#url}/detect`, { method: 'POST', body: form });
    const text = await response.text();
    const fault = this.#fault();
    if (fault !== undefined) throw new CannotRun(fault);
    if (!response.ok) throw new CannotRun(`${response.status} ${text}`);
    const { labels, confidences, boxes } = JSON.parse(text) as Reply;
    return labels.map((label, i) => [label, confidences[i] ?? NaN, ...(boxes[i] ?? [NaN, NaN, NaN, NaN])] as const);
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    this.#process.kill('SIGTERM');
    await once(this.#process, 'exit');
  }

  async #ready(): Promise<void> {
    const end = performance.now() + startSeconds * 1000;
    while (performance.now() < end) {
      if (this.#process.exitCode !== null) throw new CannotRun(this.#fault() ?? `exit ${this.#process.exitCode}`);
      const response = await fetch(`${this.#url}/models`).catch(() => undefined);
      if (response?.ok) {
        const { models } = (await response.json()) as { models: readonly { loaded: boolean }[] };
        if (models.some(({ loaded }) => loaded)) return;
        throw new CannotRun(this.#fault() ?? 'the model is not listed as loaded');
      }
      await wait(100);
    }
    throw new CannotRun(`no answer within ${startSeconds} s`);
  }

  #fault(): string | undefined {
    return this.#program.faultIn(readFileSync(this.#logFile, 'utf8'));
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
