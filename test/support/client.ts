/** A detector whose log is in memory, an event of ZoneMinder without a ZoneMinder, and how to look at errors. */
import type { Test } from 'tap';

import { Detector } from '../../src/client/detector.js';
import type { DetectorOptions, EventSource } from '../../src/client/types.js';
import { type ErrorCode, ZmdetectError } from '../../src/errors.js';
import type { Log } from '../../src/log.js';
import { bytesOf } from './daemon.js';

export interface Line {
  readonly level: string;
  readonly message: string;
  readonly fields: object;
}

export class MemoryLog implements Log {
  readonly lines: Line[] = [];
  readonly debug = this.#method('debug');
  readonly info = this.#method('info');
  readonly warn = this.#method('warn');
  readonly error = this.#method('error');

  get text(): string {
    return JSON.stringify(this.lines);
  }

  #method(level: string) {
    return (first: object | string, message = ''): void => {
      const fields = typeof first === 'string' ? {} : first;
      this.lines.push({ level, message: typeof first === 'string' ? first : message, fields });
    };
  }
}

export function detectorFor(
  t: Test,
  options: DetectorOptions,
): { readonly detector: Detector; readonly log: MemoryLog } {
  const log = new MemoryLog();
  const detector = new Detector({ log, ...options });
  t.teardown(() => detector.close());
  return { detector, log };
}

/** Rejects with a row of the error table; resolves to that error. */
export async function failure(t: Test, promise: Promise<unknown>, code: ErrorCode): Promise<ZmdetectError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  t.ok(error instanceof ZmdetectError, String(error));
  const failed = error as ZmdetectError;
  t.equal(failed.code, code, failed.message);
  return failed;
}

/** 320 x 240. */
export const picture = 'test/fixtures/shapes/shapes-03-320x240.jpg';

/** Frames by name, from memory. */
export class FakeEvent implements EventSource {
  readonly verifiesTls = true;
  /** Frames that this process has asked for, in order. */
  readonly fetched: string[] = [];
  sizesAsked = 0;
  readonly #frames: Readonly<Record<string, Uint8Array | ErrorCode>>;
  readonly #portal: string;

  /** An error code in place of bytes: what fetching this frame fails with. */
  constructor(frames: Readonly<Record<string, Uint8Array | ErrorCode>> = {}, portal = 'http://zm/zm') {
    this.#frames = frames;
    this.#portal = portal;
  }

  /** Every frame is the same picture. */
  static of(...names: string[]): FakeEvent {
    return new FakeEvent(Object.fromEntries(names.map((name) => [name, bytesOf(picture)])));
  }

  frameUrl(eventId: number, frame: string): string {
    return `${this.#portal}/index.php?view=image&eid=${eventId}&fid=${frame}`;
  }

  authQuery(): Promise<string> {
    return Promise.resolve('token=topsecret');
  }

  fetchFrame(_eventId: number, frame: string): Promise<Buffer> {
    this.fetched.push(frame);
    const found = this.#frames[frame] ?? 'ZONEMINDER_NOT_FOUND';
    if (typeof found !== 'string') return Promise.resolve(Buffer.from(found));
    return Promise.reject(new ZmdetectError(found, { what: `frame ${frame}`, reason: `frame ${frame} was refused` }));
  }

  event(): Promise<{ width: number; height: number }> {
    this.sizesAsked += 1;
    return Promise.resolve({ width: 640, height: 480 });
  }
}
