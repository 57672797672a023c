/** An event of ZoneMinder: its frames fetched by the server or by this process, and the best of them. */
import type { Size } from '../detection/detection.js';
import { ZmdetectError } from '../errors.js';
import type { BestFrame } from './best-frame.js';
import { type Call, type Seen, type Unseen, unseen } from './call.js';
import { isFailureKind } from '../frames/outcome.js';
import { mayComeYet } from '../frames/retry.js';
import { withLogin } from '../frames/url.js';
import type { EventSource } from './types.js';

type Look = (name: string, signal: AbortSignal) => Promise<Seen | Unseen>;

/** `size`: of the event's frames, where it is known. */
export function eventLook(zm: EventSource, eventId: number, call: Call, size: Size | undefined): Look {
  const auth = once(() => zm.authQuery());
  const frameSize = once(() => (size === undefined ? zm.event(eventId) : Promise.resolve(size)));
  const address = async (name: string) => ({
    url: withLogin(zm.frameUrl(eventId, name), zm.basicLogin?.()),
    zmAuth: await auth(),
    verifySsl: zm.verifiesTls,
    size: frameSize,
  });
  return async (name, signal) => {
    const later = () => zm.fetchFrame(eventId, name);
    const looked = call.byUrl ? await call.lookByUrl(() => address(name), later, signal) : undefined;
    if (looked !== undefined) return looked;
    const bytes = await zm.fetchFrame(eventId, name, signal).catch(notGiven);
    return Buffer.isBuffer(bytes) ? call.look(bytes, signal) : bytes;
  };
}

/** What ZoneMinder does not have (yet) or does not give is unseen; other errors stay rejections. */
function notGiven(error: unknown): Unseen {
  if (!(error instanceof ZmdetectError) || !error.code.startsWith('ZONEMINDER_')) throw error;
  if (isMissing(error)) return unseen(error, 'status', 404);
  const { kind, status } = error.params;
  return unseen(error, isFailureKind(kind) ? kind : 'status', typeof status === 'number' ? status : undefined);
}

/** The error when no frame was seen. Where ZoneMinder failed it is that: a wrong password is not a missing frame. */
export function noFrame(
  names: readonly string[],
  event: number,
  { unseen }: BestFrame,
  maxAttempts: number,
): ZmdetectError {
  const failure = unseen.find(({ error }) => error?.code.startsWith('ZONEMINDER_') && !isMissing(error));
  if (failure?.error !== undefined) return failure.error;
  const first = unseen[0]?.reason ?? 'none was asked for';
  const reason = maxAttempts > 1 && unseen.some(mayComeYet) ? `${first} (asked ${maxAttempts} times)` : first;
  return new ZmdetectError('FRAMES_MISSING', { frames: names.join(', '), event, reason });
}

function isMissing({ code }: ZmdetectError): boolean {
  return code === 'ZONEMINDER_NOT_FOUND';
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
