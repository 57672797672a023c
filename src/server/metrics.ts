/** Counts what happens, for `GET /metrics`. */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

import type { ThreadReport } from '../engine/engine.js';
import type { ErrorCode } from '../errors.js';
import type { ModelRegistry, ModelState } from '../models/registry.js';
import type { Admission } from '../pipeline/admission.js';
import type { Stage } from '../pipeline/observer.js';
import type { RequestObserver } from './http-server.js';
import { type MetricName, type MetricRow, metricTable } from './metric-table.js';

type Labels = Partial<Record<string, string | number>>;
type Named<Kind extends MetricRow['kind']> = {
  [Name in MetricName]: (typeof metricTable)[Name]['kind'] extends Kind ? Name : never;
}[MetricName];

const shedReasons: Partial<Record<ErrorCode, string>> = {
  QUEUE_FULL: 'predicted_late',
  QUEUE_BYTES_FULL: 'no_memory',
  DEADLINE_EXCEEDED: 'expired',
  MODEL_LOADING: 'loading',
  CANCELLED: 'abandoned',
  ENGINE_CLOSED: 'closing',
};
const states: readonly ModelState[] = ['registered', 'loading', 'ready', 'degraded', 'failed'];

export class Metrics implements RequestObserver {
  readonly #registry = new Registry();
  readonly #counters = new Map<string, Counter>();
  readonly #gauges = new Map<string, Gauge>();
  readonly #histograms = new Map<string, Histogram>();
  readonly #models: ModelRegistry;
  readonly #admission: Admission;
  readonly #threads: () => ThreadReport;

  constructor(models: ModelRegistry, admission: Admission, threads: () => ThreadReport, version: string) {
    this.#models = models;
    this.#threads = threads;
    this.#admission = admission;
    for (const [name, row] of Object.entries<MetricRow>(metricTable)) this.#add(name, row);
    // The event loop is looked at every 20 ms; the rest costs only when it is asked for.
    collectDefaultMetrics({ register: this.#registry, eventLoopMonitoringPrecision: 20 });
    this.#set('zmdetect_build_info', 1, { version });
    this.#set('zmdetect_queued_bytes_limit', admission.bytes.limit);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** In the text format of Prometheus. */
  async text(): Promise<string> {
    this.#collect();
    return await this.#registry.metrics();
  }

  began(): void {
    this.#gauges.get('zmdetect_http_requests_in_flight')?.inc();
  }

  ended(route = 'other', status: number, code: ErrorCode | undefined, milliseconds: number): void {
    this.#gauges.get('zmdetect_http_requests_in_flight')?.dec();
    this.#count('zmdetect_http_requests_total', { route, status });
    this.#observe('zmdetect_http_request_duration_seconds', milliseconds / 1000, { route });
    const reason = code && shedReasons[code];
    if (reason !== undefined) this.#count('zmdetect_shed_total', { route, reason });
  }

  stage(stage: Stage, milliseconds: number): void {
    this.#observe('zmdetect_stage_duration_seconds', milliseconds / 1000, { stage });
  }

  answered(model: string, detections: number, batch: number): void {
    this.#count('zmdetect_model_pictures_total', { model });
    this.#count('zmdetect_model_detections_total', { model }, detections);
    this.#observe('zmdetect_batch_size', batch, { model });
  }

  failed(model: string, code: string): void {
    this.#count('zmdetect_model_failures_total', { model, code });
  }

  #collect(): void {
    this.#set('zmdetect_queued_bytes', this.#admission.bytes.used);
    const { stuck, replaced } = this.#threads();
    this.#set('zmdetect_stuck_threads', stuck.length);
    this.#total('zmdetect_replaced_threads_total', replaced, {});
    for (const registered of this.#models.models) {
      const model = registered.spec.name;
      const backlog = this.#admission.of(registered);
      for (const priority of ['interactive', 'bulk'] as const) {
        this.#set('zmdetect_queue_depth', backlog.depth[priority], { model, priority });
      }
      this.#set('zmdetect_service_seconds', (backlog.service.ms ?? 0) / 1000, { model });
      this.#set('zmdetect_predicted_wait_seconds', backlog.waitMs('interactive') / 1000, { model });
      for (const state of states)
        this.#set('zmdetect_model_state', Number(registered.state === state), { model, state });
      this.#set('zmdetect_model_memory_bytes', registered.bytes, { model });
      this.#total('zmdetect_model_loads_total', registered.counts.loads, { model });
      for (const reason of ['room', 'idle'] as const) {
        this.#total('zmdetect_model_unloads_total', registered.counts.unloads[reason], { model, reason });
      }
      this.#set('zmdetect_model_fallback', Number(registered.fellBack), { model });
      for (const reason of ['impossible', 'capped'] as const) {
        this.#total('zmdetect_model_left_out_total', registered.leftOut[reason], { model, reason });
      }
    }
  }

  #count(name: Named<'counter'>, labels: Labels, by = 1): void {
    this.#counters.get(name)?.inc(labels, by);
  }

  /** For what is counted elsewhere. */
  #total(name: Named<'counter'>, value: number, labels: Labels): void {
    const counter = this.#counters.get(name);
    counter?.remove(labels);
    counter?.inc(labels, value);
  }

  #set(name: Named<'gauge'>, value: number, labels: Labels = {}): void {
    this.#gauges.get(name)?.set(labels, value);
  }

  #observe(name: Named<'histogram'>, value: number, labels: Labels): void {
    this.#histograms.get(name)?.observe(labels, value);
  }

  #add(name: string, { kind, help, labels, buckets }: MetricRow): void {
    const settings = { name, help, labelNames: Object.keys(labels), registers: [this.#registry] };
    if (kind === 'counter') this.#counters.set(name, new Counter(settings));
    else if (kind === 'gauge') this.#gauges.set(name, new Gauge(settings));
    else this.#histograms.set(name, new Histogram({ ...settings, buckets: [...(buckets ?? [])] }));
  }
}
