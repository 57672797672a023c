/** The servers that are measured, and how each is asked. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { faultInJson, reference } from '../../test/parity/programs.js';
import { Server } from '../../test/parity/server.js';
import { type Headers, postForm, postJson } from './load/request.js';
import type { Options } from './options.js';
import type { Model } from './prepare.js';

/** Frames of one request to /detect_urls. */
export const framesPerRequest = 16;

export interface Subject {
  readonly name: 'zmdetect' | 'pyzm';
  readonly port: number;
  readonly pid: number;
  /** One request for each picture. */
  uploads(files: readonly string[], headers?: Headers): Uint8Array[];
  /** Requests for frames that the server fetches, and how many frames each asks for. */
  fetches(frames: FrameServer, count: number): { readonly requests: Uint8Array[]; readonly frames: number };
  /** Errors: an answer with status 200 that does not hold what was asked for. */
  check(sample: string, frames: number | undefined): void;
  stop(): Promise<void>;
}

export async function startDaemon(options: Options, model: Model): Promise<Subject> {
  const program = { name: 'zmdetect', command: [process.execPath, options.daemon], faultIn: faultInJson } as const;
  const gpu = { entry: { ...model.entry, processor: 'gpu' } };
  const more = options.device === 'gpu' ? { allow_cpu_fallback: false, ...options.settings } : options.settings;
  const { server, stop } = await started(program, options.device === 'gpu' ? gpu : model, more);
  return {
    name: 'zmdetect',
    port: server.port,
    pid: server.pid,
    uploads: (files, headers = {}) => files.map((file) => postForm('/detect', {}, filePart('file', file), headers)),
    fetches: (frames, count) => {
      const urls = Array.from({ length: framesPerRequest }, (_, i) => ({
        frame_id: String(i + 1),
        url: frames.url(i % count),
      }));
      return { requests: [postJson('/detect_urls', { urls })], frames: framesPerRequest };
    },
    check: (sample, frames) => {
      const { labels, results } = JSON.parse(sample) as { labels?: unknown[]; results?: unknown[] };
      if (!Array.isArray(labels)) throw new Error(`zmdetect answered ${sample.slice(0, 200)}`);
      if (frames !== undefined && results?.length !== frames) {
        throw new Error(`expected ${frames} frames in the answer to /detect_urls, got ${results?.length ?? 'none'}`);
      }
    },
    stop,
  };
}

/** The newest pyzm.serve knows POST /infer only: one model, one picture, uploaded or by URL. */
export async function startPyzm(python: string, options: Options, model: Model): Promise<Subject> {
  const entry = { ...model.entry, ...(options.device === 'gpu' && { processor: 'gpu' }) };
  const { server, stop } = await started(reference(python), { entry }, {});
  const fields = { type: 'object' };
  return {
    name: 'pyzm',
    port: server.port,
    pid: server.pid,
    uploads: (files) => files.map((file) => postForm('/infer', fields, filePart('image', file))),
    // It keeps the last eight decoded frames; a query makes each URL another one.
    fetches: (frames, count) => {
      const urls = Array.from({ length: framesPerRequest }, (_, i) => `${frames.url(i % count)}?frame=${i}`);
      return { requests: urls.map((url) => postForm('/infer', { ...fields, url })), frames: 1 };
    },
    check: (sample) => {
      const { detections, error } = JSON.parse(sample) as { detections?: unknown[]; error?: string | null };
      if (!Array.isArray(detections) || error !== null) throw new Error(`pyzm.serve answered ${sample.slice(0, 200)}`);
    },
    stop,
  };
}

async function started(...[program, model, more]: [Parameters<typeof Server.start>[0], Pick<Model, 'entry'>, object]) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'zmdetect-bench-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  try {
    const server = await Server.start(program, model, folder, { ...more });
    const stop = async () => {
      await server.stop();
      remove();
    };
    return { server, stop };
  } catch (error) {
    remove();
    throw error;
  }
}

function filePart(name: string, file: string) {
  return { name, filename: path.basename(file), bytes: readFileSync(file) };
}

/** The host of the frames, in a process of its own. */
export class FrameServer {
  readonly pid: number;
  readonly port: number;
  readonly #stop: () => void;

  private constructor(pid: number, port: number, stop: () => void) {
    this.pid = pid;
    this.port = port;
    this.#stop = stop;
  }

  static async start(files: readonly string[]): Promise<FrameServer> {
    const child = fork(new URL('frame-server.js', import.meta.url), [...files]);
    const [port] = (await once(child, 'message')) as [number];
    return new FrameServer(child.pid ?? 0, port, () => child.disconnect());
  }

  url(file: number): string {
    return `http://127.0.0.1:${this.port}/${file}`;
  }

  stop(): void {
    this.#stop();
  }
}
