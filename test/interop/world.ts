/** What the clients meet: a daemon and the real server of their generation with one model, frames by URL, photos. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import tap, { type Test } from 'tap';

import type { Detection } from '../../src/detection/detection.js';
import type { ResultJson } from '../../src/detection/wire.js';
import { bytesOf, type Settings, startDaemon, type TestDaemon } from '../support/daemon.js';
import { FrameServer, type SeenRequest } from '../support/frame-server.js';
import { shared } from '../support/shared.js';
import type { Certificate } from '../support/certificate.js';
import { environmentOf, folder, type Generation, python } from './clients.js';

/** 640 x 640, which is the only input that upstream can run, and no layers that OpenCV 4 does not know. */
export const modelName = 'yolov8n';
const model = shared(`models/ultralytics/${modelName}.onnx`);
export const modelFile = model.path;

/** Why the suites cannot run here, if so. */
export const skip = folder === undefined ? 'run by `npm run interop`, which installs the pyzm clients' : model.skip;

export interface Photo {
  readonly path: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly width: number;
  readonly height: number;
}

function photo(file: string, width: number, height: number): Photo {
  const { path } = shared(`images/photos/${file}`);
  return { path, bytes: bytesOf(path), width, height };
}

/**
 * By the frame id under which the frame server has them. Each strategy chooses another one: `two` (dogs) is the first
 * that holds something, `animals` has the most labels, `horses` the most boxes.
 */
export function photos() {
  return {
    empty: photo('empty_snowy_road.jpg', 640, 426),
    two: photo('two_dogs.jpg', 512, 430),
    animals: photo('person_dog_horse.jpg', 640, 424),
    horses: photo('horses.jpg', 773, 512),
  };
}
export type PhotoName = keyof ReturnType<typeof photos>;

/** The daemon with the real model. */
export function startWithModel(t: Test, settings: Settings = {}): Promise<TestDaemon> {
  return startDaemon(t, { models: [modelFile], inference_threads: 0, ...settings });
}

/** Frames by URL, under a path of its own for each portal: some answers depend on what was asked before. */
export class Zoneminder {
  readonly #server: FrameServer;
  static #count = 0;

  private constructor(server: FrameServer) {
    this.#server = server;
  }

  static async start(t: Test, certificate?: Certificate): Promise<Zoneminder> {
    const pictures = Object.fromEntries(Object.entries(photos()).map(([name, { bytes }]) => [name, bytes]));
    const server = await FrameServer.start({ pictures, certificate });
    t.teardown(() => server.close());
    return new Zoneminder(server);
  }

  /** A URL prefix that was never used before, and what has been asked under it. */
  portal(): { readonly url: string; readonly asked: () => SeenRequest[] } {
    Zoneminder.#count += 1;
    const path = `/zm${Zoneminder.#count}`;
    return {
      url: this.#server.origin + path,
      asked: () => this.#server.requests.filter(({ url }) => url.startsWith(`${path}/`)),
    };
  }
}

/** A port on which nothing listens. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

const references = new Map<Generation, Promise<string>>();

/** The URL of a `pyzm.serve` of that generation with the same model; it runs until the process ends. */
export function referenceOf(generation: Generation): Promise<string> {
  const reference = references.get(generation) ?? startReference(generation);
  references.set(generation, reference);
  return reference;
}

/** One more, with the keys of the settings file besides; it runs until the process ends. */
export async function startReference(generation: Generation, settings: Settings = {}): Promise<string> {
  const port = await freePort();
  const file = path.join(mkdtempSync(path.join(tmpdir(), 'zmdetect-reference-')), 'serve.yml');
  writeFileSync(file, JSON.stringify({ models: [modelFile], host: '127.0.0.1', port, ...settings }));
  const flags = ['--config', file];
  const server = spawn(python, ['-P', '-m', 'pyzm.serve', ...flags], {
    env: environmentOf(generation),
    stdio: 'ignore',
  });
  tap.teardown(async () => {
    rmSync(path.dirname(file), { recursive: true });
    server.kill();
    if (server.exitCode === null) await once(server, 'exit');
  });
  const url = `http://127.0.0.1:${port}`;
  for (let attempt = 0; attempt < 600; attempt++) {
    if (server.exitCode !== null) throw new Error('the reference server has ended');
    const health = await fetch(`${url}/health`).catch(() => undefined);
    if (health?.ok) return url;
    await wait(100);
  }
  throw new Error('the reference server does not answer');
}

const looked = new Map<string, Promise<readonly Detection[]>>();

/** What the daemon's /detect says of these bytes, before any filter of a client. */
export function rawDetections(daemon: TestDaemon, bytes: Uint8Array<ArrayBuffer>, key: string) {
  const found = looked.get(key) ?? ask(daemon, bytes);
  looked.set(key, found);
  return found;
}

async function ask(daemon: TestDaemon, bytes: Uint8Array<ArrayBuffer>): Promise<readonly Detection[]> {
  const result = (await daemon.upload({ file: bytes })).json as ResultJson;
  return result.labels.map((label, i) => ({
    label,
    confidence: result.confidences[i] ?? 0,
    box: result.boxes[i] ?? [0, 0, 0, 0],
    modelName: result.model_names[i] ?? '',
    type: 'object' as const,
  }));
}
