/** The models of a server, whichever generation it is. */
import type { DetectorConfig, ModelConfig } from '../../detection/config.js';
import type { Size } from '../../detection/detection.js';
import type { Log } from '../../log.js';
import { orAborted } from '../../or-aborted.js';
import type { Analysis } from '../../pipeline/selector.js';
import { abilitiesOf } from './abilities.js';
import { type ConnectionSettings, GatewayConnection } from './connection.js';
import type { Dialect, FrameAddress, Looked, Post } from './dialect.js';
import { InferDialect } from './infer.js';
import { ResultDialect } from './results.js';
import { Turns } from './turns.js';

export interface RemoteOptions {
  readonly connection: ConnectionSettings;
  readonly config: DetectorConfig;
  /** What is asked for; null: what the server chooses. */
  readonly models: readonly ModelConfig[] | null;
  readonly log: Log;
  /** Size of an encoded picture. */
  readonly sizeOf: (bytes: Buffer) => Promise<Size>;
}

/** Frameworks that a server may run. The others are services of their own or need sound. */
const served: ReadonlySet<string> = new Set(['opencv', 'hog', 'virelai', 'coral_edgetpu', 'face_dlib', 'face_tpu']);

export class RemoteModels implements Dialect {
  readonly #options: RemoteOptions;
  readonly #connection: GatewayConnection;
  /** For servers that answer one request at a time: what waits there would use up its time. */
  readonly #turns = new Turns();
  #dialect: Promise<Dialect> | undefined;

  constructor(options: RemoteOptions) {
    this.#options = options;
    this.#connection = new GatewayConnection(options.connection);
  }

  /** Finds out what the server is, and logs in; other requests do so when they need it. Errors: GATEWAY_*. */
  async ready(signal: AbortSignal): Promise<void> {
    await this.#spoken(signal);
  }

  async upload(bytes: Buffer, signal: AbortSignal): Promise<Analysis> {
    return (await this.#spoken(signal)).upload(bytes, signal);
  }

  async byUrl(frame: FrameAddress, signal: AbortSignal): Promise<Looked> {
    return (await this.#spoken(signal)).byUrl(frame, signal);
  }

  close(): void {
    this.#connection.close();
  }

  /** Found out once, for all who wait; after a failure the next frame tries again. */
  #spoken(signal: AbortSignal): Promise<Dialect> {
    this.#dialect ??= this.#find().catch((error: unknown) => {
      this.#dialect = undefined;
      throw error;
    });
    return orAborted(this.#dialect, signal);
  }

  async #find(): Promise<Dialect> {
    const { log } = this.#options;
    const [{ infer, detect }] = await Promise.all([abilitiesOf(this.#connection), this.#connection.prepare()]);
    const models = this.#askable();
    const isOurs = infer && detect;
    const post: Post = (route, body, signal) => this.#connection.post(route, body, signal);
    const inTurn: Post = (route, body, signal) => this.#turns.run(() => post(route, body, signal), signal);
    const parts = { ...this.#options, connection: this.#connection, models, post: isOurs ? post : inTurn };
    // A server that can do both chooses only where nobody else does.
    const byName = infer && (models !== null || !detect);
    log.debug({ gateway: this.#connection.name, route: byName ? '/infer' : '/detect' }, 'gateway described itself');
    return byName ? new InferDialect(parts) : new ResultDialect(parts);
  }

  #askable(): readonly ModelConfig[] | null {
    const { models, log } = this.#options;
    if (models === null) return null;
    const enabled = models.filter((model) => model.enabled);
    for (const { name, framework } of enabled) {
      if (!served.has(framework)) log.warn({ model: name, framework }, 'model skipped: no server runs this framework');
    }
    const askable = enabled.filter(({ framework }) => served.has(framework));
    if (askable.length > 0) return askable;
    throw this.#connection.error('GATEWAY_MODEL_UNKNOWN', { reason: 'none of the configured models runs on a server' });
  }
}
