/** What every route does with one picture: decode it under the request's signal, and show it to one model. */
import type { Detection } from '../detection/detection.js';
import { type Engine, type NativeImage, Ticket } from '../engine/engine.js';
import { ZmdetectError } from '../errors.js';
import type { RegisteredModel } from '../models/registry.js';

export interface PictureOptions {
  readonly signal: AbortSignal;
  /** Milliseconds by stage are added here. */
  readonly stages: Record<string, number>;
}

/** A decoded picture in the hands of one request. */
export interface Picture {
  readonly image: NativeImage;
  readonly ticket: Ticket;
}

/**
 * Runs `use` on the decoded picture and frees its pixels. When the signal is aborted, what has not begun is not computed.
 * Errors: IMAGE_*; the signal's reason when it is aborted; whatever `use` rejects with.
 */
export async function withPicture<T>(
  engine: Engine,
  bytes: Uint8Array,
  { signal, stages }: PictureOptions,
  use: (picture: Picture) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const ticket = new Ticket();
  const cancel = () => ticket.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  try {
    const image = await engine.decode(bytes, ticket);
    addTimes(stages, { decodeQueue: image.queueMs, decode: image.decodeMs });
    try {
      return await use({ image, ticket });
    } finally {
      image.release();
    }
  } catch (error) {
    // The engine says CANCELLED whoever cancelled; the signal knows whether that was the client.
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}

/** What the model sees in the picture from `minConfidence` up, best first. */
export async function look(
  model: RegisteredModel,
  { image, ticket }: Picture,
  minConfidence: number,
  stages: Record<string, number>,
): Promise<readonly Detection[]> {
  try {
    const answer = await model.detect(image, minConfidence, ticket);
    addTimes(stages, answer.times);
    return answer.detections;
  } catch (error) {
    // So thin a picture holds nothing that the network could see; that is no failure of the model.
    if (error instanceof ZmdetectError && error.code === 'IMAGE_TOO_THIN') return [];
    throw error;
  }
}

export function addTimes(stages: Record<string, number>, times: Readonly<Record<string, number>>): void {
  for (const [stage, ms] of Object.entries(times)) stages[stage] = (stages[stage] ?? 0) + ms;
}
