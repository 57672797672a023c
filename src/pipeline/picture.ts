/** What every route does with one picture: decode it under the request's signal, and show it to one model. */
import type { Detection } from '../detection/detection.js';
import type { Engine, NativeImage, Ticket } from '../engine/engine.js';
import { ZmdetectError } from '../errors.js';
import type { RegisteredModel } from '../models/registry.js';
import { note, type Notes } from './observer.js';
import { ticketFor, type Urgency, whenever } from './urgency.js';

export interface PictureOptions extends Notes {
  readonly signal: AbortSignal;
  /** Absent: no deadline. */
  readonly urgency?: Urgency;
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
  options: PictureOptions,
  use: (picture: Picture) => Promise<T>,
): Promise<T> {
  const { signal, urgency = whenever } = options;
  signal.throwIfAborted();
  const ticket = ticketFor(urgency);
  const cancel = () => ticket.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  try {
    const image = await engine.decode(bytes, ticket);
    note(options, 'decodeQueue', image.queueMs);
    note(options, 'decode', image.decodeMs);
    try {
      return await use({ image, ticket });
    } finally {
      image.release();
    }
  } catch (error) {
    // The engine says CANCELLED whoever cancelled; the signal knows whether that was the client or the clock.
    if (error instanceof ZmdetectError && error.code === 'CANCELLED') signal.throwIfAborted();
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
  options: PictureOptions,
): Promise<readonly Detection[]> {
  if (!model.loaded) await model.settled(options.signal);
  try {
    const { detections, times, batch } = await model.detect(image, minConfidence, ticket);
    for (const stage of ['letterbox', 'queue', 'infer', 'post'] as const) note(options, stage, times[stage]);
    options.observer?.answered(model.spec.name, detections.length, batch);
    return detections;
  } catch (error) {
    const code = error instanceof ZmdetectError ? error.code : 'INTERNAL';
    // So thin a picture holds nothing that the network could see; that is no failure of the model.
    if (code === 'IMAGE_TOO_THIN') return [];
    if (code !== 'CANCELLED' && code !== 'DEADLINE_EXCEEDED') options.observer?.failed(model.spec.name, code);
    throw error;
  }
}
