/** Where the models are: on a gateway, in this process, or in this process once the gateway has failed. */
import type { Size } from '../detection/detection.js';
import { ZmdetectError } from '../errors.js';
import type { FetchFailure, FetchFailureKind } from '../frames/outcome.js';
import type { Analysis } from '../pipeline/selector.js';
import type { FrameAddress } from './gateway/dialect.js';
import { RemoteModels } from './gateway/remote.js';
import type { LocalModels } from './local.js';
import { headerSize } from './picture-size.js';
import { askedModels, type Settings } from './settings.js';

/** A frame that was looked at. */
export interface Seen {
  readonly ok: true;
  readonly analysis: Analysis;
  readonly ranOn: 'local' | 'gateway';
  readonly picture: () => Promise<Buffer>;
}

/** A frame that could not be; `error` is what it failed with, where there was an error. */
export interface Unseen extends FetchFailure {
  readonly error?: ZmdetectError;
}

export function unseen(error: ZmdetectError, kind: FetchFailureKind = 'network', status?: number): Unseen {
  const reason = String(error.params.reason ?? error.message);
  return { ok: false, kind, ...(status === undefined ? {} : { status }), reason, error };
}

/** The models of a detector. */
export class Models {
  readonly settings: Settings;
  readonly remote: RemoteModels | null;
  #local: Promise<LocalModels> | undefined;
  #closed = false;

  constructor(settings: Settings) {
    this.settings = settings;
    const { gateway: connection, config, log } = settings;
    const models = askedModels(settings);
    this.remote = connection && new RemoteModels({ connection, config, models, log, sizeOf });
  }

  /** Loaded once, for all calls; after a failure the next one tries again. Errors: DETECTOR_CLOSED. */
  local(): Promise<LocalModels> {
    if (this.#closed) return Promise.reject(new ZmdetectError('DETECTOR_CLOSED'));
    this.#local ??= import('./local.js')
      .then(({ LocalModels }) => LocalModels.open(this.settings))
      .catch((error: unknown) => {
        this.#local = undefined;
        throw error;
      });
    return this.#local;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.remote?.close();
    const local = await this.#local?.catch(() => undefined);
    await local?.close();
  }
}

/**
 * One call of a detector. Once the gateway has failed one of its frames, this process looks at that one and at all that
 * follow; what was seen before stays.
 */
export class Call {
  readonly #models: Models;
  #remote: RemoteModels | null;
  /** Ends what is still asked of a gateway that has failed. */
  readonly #failed = new AbortController();

  constructor(models: Models) {
    this.#models = models;
    this.#remote = models.remote;
  }

  /** Whether frames still go to a gateway that fetches them itself. */
  get byUrl(): boolean {
    return this.#remote !== null && this.#models.settings.gatewayMode === 'url';
  }

  /** Errors: IMAGE_*; GATEWAY_*, or those of the models of this process; the signal's reason. */
  async analyse(bytes: Buffer, signal: AbortSignal): Promise<Seen> {
    const picture = () => Promise.resolve(bytes);
    if (this.#remote !== null) {
      try {
        const analysis = await this.#remote.upload(bytes, this.#whileItAnswers(signal));
        return { ok: true, analysis, ranOn: 'gateway', picture };
      } catch (error) {
        this.fallBack(error);
      }
    }
    const local = await this.#models.local();
    return { ok: true, analysis: await local.analyse(bytes, signal), ranOn: 'local', picture };
  }

  /** One frame of several: what is no picture is unseen, and what the gateway had no time for. */
  async look(bytes: Buffer, signal: AbortSignal): Promise<Seen | Unseen> {
    try {
      return await this.analyse(bytes, signal);
    } catch (error) {
      if (!(error instanceof ZmdetectError)) throw error;
      if (isLate(error)) return unseen(error);
      if (!error.code.startsWith('IMAGE_')) throw error;
      return unseen(error, error.code === 'IMAGE_TOO_LARGE' ? 'too-large' : 'undecodable');
    }
  }

  /** A frame that the gateway fetches; undefined: the gateway has failed, and this process is to fetch it. */
  async lookByUrl(
    address: () => Promise<FrameAddress>,
    picture: () => Promise<Buffer>,
    signal: AbortSignal,
  ): Promise<Seen | Unseen | undefined> {
    const remote = this.#remote;
    if (remote === null) return undefined;
    try {
      const still = this.#whileItAnswers(signal);
      // Two logins, on two hosts, at the same time.
      const [frame] = await Promise.all([address(), remote.ready(still)]);
      const looked = await remote.byUrl(frame, still);
      return looked.ok ? { ...looked, ranOn: 'gateway', picture } : looked;
    } catch (error) {
      const { fallbackLocal } = this.#models.settings;
      if (!fallbackLocal && error instanceof ZmdetectError && isLate(error)) return unseen(error);
      this.fallBack(error);
      return undefined;
    }
  }

  /** From here on this process does it all. Throws `error` where that is not wanted, or no mend. */
  fallBack(error: unknown): void {
    const { fallbackLocal, log } = this.#models.settings;
    if (!fallbackLocal || !isGatewayFault(error)) throw error;
    if (this.#remote !== null) {
      log.warn({ code: error.code, reason: error.message }, 'the gateway failed: the models of this host stand in');
    }
    this.#remote = null;
    this.#failed.abort(error);
  }

  #whileItAnswers(signal: AbortSignal): AbortSignal {
    return AbortSignal.any([signal, this.#failed.signal]);
  }
}

/** The gateway had no time for this frame; it may have had some for the others. */
export function isLate({ code }: ZmdetectError): boolean {
  return code === 'GATEWAY_BUSY' || code === 'GATEWAY_TIMEOUT';
}

function isGatewayFault(error: unknown): error is ZmdetectError {
  return error instanceof ZmdetectError && /^GATEWAY_|^FRAMES_MISSING$/.test(error.code);
}

/** JPEG and PNG say their size at the start; for the other formats the engine decodes. */
async function sizeOf(bytes: Buffer): Promise<Size> {
  const size = headerSize(bytes);
  if (size !== undefined) return size;
  const { decodedSize } = await import('./decoded-size.js');
  return decodedSize(bytes);
}
