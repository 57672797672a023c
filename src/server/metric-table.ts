/**
 * Every metric of our own: its name, what it tells, its labels. `docs/reference/metrics.md` is generated from this table.
 *
 * No label holds what a client chose: models are named by the configuration, routes are templates, and the other values
 * come from fixed lists.
 */
export interface MetricRow {
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  /** Label to where its values come from, in words. */
  readonly labels: Readonly<Record<string, string>>;
  readonly buckets?: readonly number[];
}

const model = { model: 'published name' };
const route = { route: 'path of a route; `other` for every other path' };

/** Seconds: from a letterbox to a request that has waited for nearly a minute. */
const seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

export const metricTable = {
  zmdetect_build_info: { kind: 'gauge', help: 'Always 1.', labels: { version: 'of zmdetect' } },
  zmdetect_http_requests_total: {
    kind: 'counter',
    help: 'Answered requests.',
    labels: { ...route, status: 'HTTP status; 499 where the client hung up first' },
  },
  zmdetect_http_request_duration_seconds: {
    kind: 'histogram',
    help: 'From the first byte of a request to its answer.',
    labels: route,
    buckets: seconds,
  },
  zmdetect_http_requests_in_flight: { kind: 'gauge', help: 'Requests that have no answer yet.', labels: {} },
  zmdetect_shed_total: {
    kind: 'counter',
    help: 'Requests that were not served.',
    labels: {
      ...route,
      reason:
        '`predicted_late` (refused at once), `no_memory` (`max_queued_bytes`), `expired` (the deadline passed), ' +
        '`loading` (no model in time), `abandoned` (the client hung up), `closing` (the daemon stops)',
    },
  },
  zmdetect_stage_duration_seconds: {
    kind: 'histogram',
    help: 'Time of a picture in one stage; `body` and `encode` count once for a request.',
    labels: { stage: 'body, fetch, decodeQueue, decode, letterbox, queue, infer, post, encode' },
    buckets: seconds,
  },
  zmdetect_queue_depth: {
    kind: 'gauge',
    help: 'Pictures that wait for a model or are being looked at.',
    labels: { ...model, priority: '`interactive` or `bulk`' },
  },
  zmdetect_service_seconds: {
    kind: 'gauge',
    help: 'Time from one answer of the model to the next under load, as learned; 0 while unknown.',
    labels: model,
  },
  zmdetect_predicted_wait_seconds: {
    kind: 'gauge',
    help: 'How long an uploaded picture that comes now would wait for the model.',
    labels: model,
  },
  zmdetect_queued_bytes: { kind: 'gauge', help: 'Compressed bytes of pictures in memory.', labels: {} },
  zmdetect_queued_bytes_limit: { kind: 'gauge', help: '`max_queued_bytes`.', labels: {} },
  zmdetect_stuck_threads: {
    kind: 'gauge',
    help: 'Native threads that have not come back from one task for 30 s.',
    labels: {},
  },
  zmdetect_replaced_threads_total: {
    kind: 'counter',
    help: 'Native threads that were replaced since they did not come back.',
    labels: {},
  },
  zmdetect_batch_size: {
    kind: 'histogram',
    help: 'Pictures that shared the inference, one observation for each picture.',
    labels: model,
    buckets: [1, 2, 4, 8, 16, 32, 64],
  },
  zmdetect_model_pictures_total: { kind: 'counter', help: 'Pictures that the model has looked at.', labels: model },
  zmdetect_model_detections_total: {
    kind: 'counter',
    help: 'Detections of the model, before patterns and zones.',
    labels: model,
  },
  zmdetect_model_left_out_total: {
    kind: 'counter',
    help: 'Boxes of the model that are in no answer.',
    labels: {
      ...model,
      reason: '`impossible` (no number, a score above 1, outside of every picture) or `capped` (weaker than the limit)',
    },
  },
  zmdetect_model_failures_total: {
    kind: 'counter',
    help: 'Pictures that the model could not look at.',
    labels: { ...model, code: 'a code of [errors.md](errors.md)' },
  },
  zmdetect_model_state: {
    kind: 'gauge',
    help: '1 for the state that the model is in, 0 for the others.',
    labels: { ...model, state: '`registered`, `loading`, `ready`, `degraded` or `failed`' },
  },
  zmdetect_model_memory_bytes: {
    kind: 'gauge',
    help: 'Memory that the model takes, as measured while it was loaded; 0 where it is not loaded.',
    labels: model,
  },
  zmdetect_model_loads_total: { kind: 'counter', help: 'How often the model was brought into memory.', labels: model },
  zmdetect_model_unloads_total: {
    kind: 'counter',
    help: 'How often the model was taken out of memory.',
    labels: { ...model, reason: '`room` (for another one) or `idle` (`keep_alive`)' },
  },
  zmdetect_model_fallback: {
    kind: 'gauge',
    help: '1 while the model runs on another processor than it should.',
    labels: model,
  },
} as const satisfies Record<string, MetricRow>;

export type MetricName = keyof typeof metricTable;
