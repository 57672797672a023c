/** Puts the daemon together from its settings, starts it, and takes it down in order. */
import type { Logger } from 'pino';

import { addressList } from '../config/addresses.js';
import type { ServerConfig } from '../config/server-config.js';
import { defaultDetectorConfig } from '../detection/config.js';
import { Engine, type StuckThread } from '../engine/engine.js';
import { FrameFetcher } from '../frames/fetcher.js';
import { FetchPolicy } from '../frames/policy.js';
import { findModels } from '../models/discovery.js';
import { ModelRegistry } from '../models/registry.js';
import { checkNames, servedModels } from '../models/served.js';
import { Admission } from '../pipeline/admission.js';
import { FrameAnalyser } from '../pipeline/analyser.js';
import { FrameCache } from '../pipeline/frame-cache.js';
import { engineFactory } from '../server/http/engine.js';
import { HttpServer } from '../server/http-server.js';
import { Metrics } from '../server/metrics.js';
import { descriptionRoutes } from '../server/routes/description.js';
import { detectRoute } from '../server/routes/detect.js';
import { detectUrlsRoute } from '../server/routes/detect-urls.js';
import { healthRoute } from '../server/routes/health.js';
import { inferRoute } from '../server/routes/infer.js';
import { loginRoute } from '../server/routes/login.js';
import { metricsRoute } from '../server/routes/metrics.js';
import { modelsRoute } from '../server/routes/models.js';
import { TokenAuthority } from '../server/tokens.js';
import { ThreadLog } from './thread-log.js';

/** How often the log is told of threads. */
const threadLogMs = 5000;

export class Daemon {
  readonly port: number;
  readonly #http: HttpServer;
  readonly #fetcher: FrameFetcher;
  readonly #registry: ModelRegistry;
  readonly #engine: Engine;
  readonly #graceMs: number;
  readonly #threadLog: NodeJS.Timeout;

  private constructor(
    parts: {
      http: HttpServer;
      fetcher: FrameFetcher;
      registry: ModelRegistry;
      engine: Engine;
      threadLog: NodeJS.Timeout;
    },
    port: number,
    graceMs: number,
  ) {
    this.#http = parts.http;
    this.#fetcher = parts.fetcher;
    this.#registry = parts.registry;
    this.#engine = parts.engine;
    this.port = port;
    this.#graceMs = graceMs;
    this.#threadLog = parts.threadLog;
  }

  /**
   * Models are loaded before the port opens (contract 1.4). Rejects with the signal's reason, once no thread of the engine
   * runs any more, when that is aborted first. Errors: CONFIG_INVALID.
   */
  static async start(
    config: ServerConfig,
    version: string,
    log: Logger,
    signal: AbortSignal = new AbortController().signal,
  ): Promise<Daemon> {
    const { specs, warnings } = await findModels(config);
    for (const warning of warnings) log.warn(warning);
    checkNames(specs, 'serve_models', config.serveModels ?? []);
    checkNames(specs, 'pinned_models', config.pinnedModels);
    const detector = config.detectorConfig ?? defaultDetectorConfig();
    // Before there are threads and connections that a refusal would leave behind.
    const tokens = new TokenAuthority(config.auth);

    const admission = new Admission(config.maxQueuedBytes);
    const engine = new Engine({
      decodeThreads: config.decodeThreads,
      maxImagePixels: config.maxImagePixels,
      fastJpeg: config.fastJpeg,
      runtimeLog: config.logLevel === 'debug' || config.logLevel === 'trace',
      stuckAfterMs: config.stuckThreadSeconds * 1000,
      onAbandoned: (bytes, until) => {
        admission.bytes.add(bytes);
        void until.then(() => admission.bytes.give(bytes));
      },
    });
    const stuckThreads = () => engine.threads().stuck;
    const registry = new ModelRegistry(
      specs,
      engine,
      {
        intraOpThreads: config.inferenceThreads,
        instances: config.instances,
        keepAlive: config.keepAlive,
        pinned: config.pinnedModels,
        trials: 'when-idle',
      },
      log,
      config,
    );
    const fetcher = new FrameFetcher({
      version,
      policy: new FetchPolicy({
        allowedHosts: config.fetchAllowedHosts ?? [],
        allowedCidrs: config.fetchAllowedCidrs ?? [],
        loopback: config.fetchLoopback,
      }),
      maxFrameBytes: config.maxFrameBytes,
      frameTimeoutMs: config.frameTimeoutSeconds * 1000,
      connectTimeoutMs: config.fetchTimeoutSeconds * 1000,
      idleTimeoutMs: config.fetchTimeoutSeconds * 1000,
    });
    const analyser = new FrameAnalyser(engine, servedModels(registry, config.serveModels), detector, admission);
    const frames = new FrameCache((request, signal) => fetcher.fetchFrame(request, signal));
    const metrics = new Metrics(registry, admission, () => engine.threads(), version);
    const limits = { requestMs: config.requestTimeoutSeconds * 1000, urlsMs: config.urlDeadlineSeconds * 1000 };
    const shared = { admission, tokens, limits, maxUploadBytes: config.maxUploadBytes };
    const routes = [
      healthRoute(registry, stuckThreads),
      modelsRoute(registry),
      metricsRoute(metrics, tokens, config.metricsAuth),
      loginRoute(tokens),
      detectRoute({ ...shared, analyser }),
      detectUrlsRoute({ ...shared, analyser, fetcher, concurrency: config.fetchConcurrency }),
      inferRoute({ ...shared, engine, models: registry, frames }),
    ];
    const description = descriptionRoutes(routes, { version, auth: config.auth.enabled });
    const http = new HttpServer([...routes, ...description], log, {
      engine: await engineFactory(config.httpEngine),
      maxConnections: config.maxConnections,
      maxConnectionsPerAddress: config.maxConnectionsPerAddress,
      trustedProxies: addressList(config.trustedProxies),
      bytes: admission.bytes,
      observer: metrics,
    });
    let closing: Promise<void> | undefined;
    // The model that is being loaded is finished, the others are not begun.
    const giveUp = () => {
      closing = engine.close();
    };
    signal.addEventListener('abort', giveUp, { once: true });
    try {
      await registry.loadEager();
      signal.throwIfAborted();
      registry.demandAccelerators();
      if (specs.length > 0 && registry.active.length === 0) log.error('none of the configured models could be loaded');
      const port = await http.listen(config.host, config.port);
      log.info({ host: config.host, port, models: registry.active.length, auth: config.auth.enabled }, 'listening');
      const lines = new ThreadLog(log);
      const threadLog = setInterval(() => lines.note(stuckThreads()), threadLogMs).unref();
      return new Daemon({ http, fetcher, registry, engine, threadLog }, port, config.shutdownSeconds * 1000);
    } catch (error) {
      await fetcher.close();
      await (closing ?? engine.close());
      throw error;
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  }

  /** The threads that have not come back. */
  get stuckThreads(): readonly StuckThread[] {
    return this.#engine.threads().stuck;
  }

  /**
   * Stops accepting, finishes what is in flight within the configured time, frees models and threads. Does not resolve
   * while a native thread does not come back.
   */
  async stop(): Promise<void> {
    await this.#http.close(this.#graceMs);
    clearInterval(this.#threadLog);
    await this.#fetcher.close();
    await this.#registry.close();
    await this.#engine.close();
  }
}
