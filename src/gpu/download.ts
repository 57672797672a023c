/** A download that goes on where it stopped, within a run and from one run to the next. */
import { constants } from 'node:fs';
import { lstat, open, rename, rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { setTimeout as wait } from 'node:timers/promises';

import { reason, request } from './http.js';

/** `total` is null where the server does not say. */
export type Progress = (received: number, total: number | null) => void;

export interface DownloadOptions {
  /** Tries in a row that bring nothing. */
  readonly attempts?: number;
  readonly waitMs?: number;
  readonly onProgress?: Progress;
}

/** The server was reached and has said no; asking again would not help. */
class Refused extends Error {}

/** Fetches `url` into `file`. What has arrived so far lies in `file`.part, also after a failure. */
export async function download(url: URL, file: string, options: DownloadOptions = {}): Promise<void> {
  const { attempts = 4, waitMs = 1000, onProgress = () => undefined } = options;
  const part = `${file}.part`;
  for (let left = attempts; ;) {
    const before = await sizeOf(part);
    try {
      await receive(url, part, before, onProgress);
      break;
    } catch (error) {
      if (error instanceof Refused) throw error;
      left = (await sizeOf(part)) > before ? attempts : left - 1;
      if (left <= 0) throw error;
      await wait(waitMs);
    }
  }
  await rename(part, file);
}

async function receive(url: URL, part: string, have: number, onProgress: Progress): Promise<void> {
  const response = await request(url, have > 0 ? { range: `bytes=${have}-` } : {});
  const range = /^bytes (\d+)-\d+\/(\d+)$/.exec(response.headers.get('content-range') ?? '');
  if (response.status === 416) {
    // What lies here is not a beginning of what lies there.
    await rm(part, { force: true });
    throw new Error(`${url.host} has no more than what was received, and that is not the whole`);
  }
  const resumed = response.status === 206 && Number(range?.[1]) === have;
  if ((!resumed && response.status !== 200) || response.body === null) {
    await response.body?.cancel();
    throw new Refused(`${url.href} answered ${response.status} ${response.statusText}`.trimEnd());
  }
  const length = Number(response.headers.get('content-length') ?? NaN);
  const total = resumed ? Number(range?.[2]) : Number.isFinite(length) ? length : null;
  let received = resumed ? have : 0;
  const counted = async function* (pieces: AsyncIterable<Uint8Array>) {
    for await (const piece of pieces) {
      received += piece.length;
      onProgress(received, total);
      yield piece;
    }
  };
  try {
    const handle = await open(part, resumed ? append : begin);
    await pipeline(response.body, counted, handle.createWriteStream());
  } catch (error) {
    throw new Error(`${url.host} broke off after ${received} bytes: ${reason(error)}`, { cause: error });
  }
  if (total !== null && received !== total) throw new Error(`${url.host} sent ${received} of ${total} bytes`);
}

/** The name of the part can be guessed, since the next run goes on with it: it is never opened through a link. */
const { O_WRONLY, O_CREAT, O_APPEND, O_TRUNC, O_NOFOLLOW } = constants;
const append = O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW;
const begin = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW;

/** 0 for what is no file, such as a link. */
async function sizeOf(file: string): Promise<number> {
  return lstat(file).then(
    (entry) => (entry.isFile() ? entry.size : 0),
    () => 0,
  );
}
