/** A daemon in a process of its own whose decoder, or whose runtime, stands still as long as the test says. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Test } from 'tap';

import { embeddedModel } from '../support/daemon.js';

type Part = 'JPEG' | 'RUNTIME';

export interface Ending {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly output: string;
}

export class DaemonProcess {
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #ended: Promise<readonly [number | null, NodeJS.Signals | null]>;
  readonly #exited: Promise<unknown>;
  #output = '';

  private constructor(child: ChildProcess, folder: string) {
    this.#child = child;
    this.#folder = folder;
    this.#exited = once(child, 'exit');
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
    const child = spawn(process.execPath, ['.build/src/cli/zmdetectd.js', '--config', config], {
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

  /** From now on nobody reads what the daemon writes. */
  stopReading(): void {
    this.#child.stdout?.pause();
  }

  readAgain(): void {
    this.#child.stdout?.resume();
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

  /** Resolves when the process is gone, whatever of its output is still unread. */
  get exited(): Promise<unknown> {
    return this.#exited;
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
