/** A daemon in a process of its own whose decoder, or whose runtime, stands still as long as the test says. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Test } from 'tap';

import { embeddedModel } from '../support/daemon.js';

type Part = 'JPEG' | 'RUNTIME';

const blocked = 'the JavaScript thread stands still';
/** Loaded into the daemon, which has no way of its own to stand still. */
const blocker = `data:text/javascript,${encodeURIComponent(`
  import { writeSync } from 'node:fs';
  process.on('SIGUSR2', () => {
    writeSync(2, ${JSON.stringify(blocked)});
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  });
`)}`;

export interface Ending {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly output: string;
}

export class DaemonProcess {
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #ended: Promise<readonly [number | null, NodeJS.Signals | null]>;
  #output = '';

  private constructor(child: ChildProcess, folder: string) {
    this.#child = child;
    this.#folder = folder;
    this.#ended = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (bytes: Buffer) => (this.#output += bytes.toString()));
    }
  }

  /** `stalled` stands still from the start. Killed at the end of the test. */
  static start(t: Test, settings: object, stalled: readonly Part[] = []): DaemonProcess {
    const folder = t.testdir();
    const library = path.join(folder, 'stall.so');
    execFileSync('cc', ['-shared', '-fPIC', '-o', library, 'test/stuck/stall.c', '-ldl']);
    const config = path.join(folder, 'daemon.yml');
    const all = { host: '127.0.0.1', port: 0, models: [embeddedModel], inference_threads: 1, ...settings };
    writeFileSync(config, JSON.stringify(all));
    for (const part of stalled) writeFileSync(path.join(folder, part), '');
    const env = {
      ...process.env,
      LD_PRELOAD: library,
      STALL_JPEG: path.join(folder, 'JPEG'),
      STALL_RUNTIME: path.join(folder, 'RUNTIME'),
    };
    const child = spawn(process.execPath, ['--import', blocker, '.build/src/cli/zmdetectd.js', '--config', config], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const daemon = new DaemonProcess(child, folder);
    t.teardown(async () => {
      child.kill('SIGKILL');
      await daemon.#ended;
    });
    return daemon;
  }

  /** Resolves when the part stands still. */
  async reached(part: Part): Promise<void> {
    while (!existsSync(path.join(this.#folder, `${part}.reached`))) {
      if (this.#child.exitCode !== null) throw new Error(`ended before ${part} was reached: ${this.#output}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** The JavaScript thread does nothing any more. Resolves when that has begun. */
  async blockJavaScript(): Promise<void> {
    this.#child.kill('SIGUSR2');
    await this.said(blocked);
  }

  stall(part: Part): void {
    writeFileSync(path.join(this.#folder, part), '');
  }

  letGo(part: Part): void {
    rmSync(path.join(this.#folder, part), { force: true });
  }

  get output(): string {
    return this.#output;
  }

  /** Resolves when the log has `text`. */
  async said(text: string): Promise<void> {
    let ended = false;
    void this.#ended.then(() => (ended = true));
    while (!this.#output.includes(text)) {
      if (ended) throw new Error(`ended without "${text}": ${this.#output}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** Resolves to the daemon's address once it listens. */
  async listening(): Promise<string> {
    await this.said('"listening"');
    return `http://127.0.0.1:${/"port":(\d+)/.exec(this.#output)?.[1]}`;
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async ending(): Promise<Ending> {
    const [status, signal] = await this.#ended;
    return { status, signal, output: this.#output };
  }
}

export async function upload(url: string, bytes: Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) {
  const body = new FormData();
  body.append('file', new Blob([bytes]), 'picture.jpg');
  const response = await fetch(`${url}/detect`, { method: 'POST', body, headers });
  return { status: response.status, text: await response.text() };
}

export async function textOf(url: string): Promise<string> {
  return (await fetch(url)).text();
}
