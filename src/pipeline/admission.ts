/**
 * Says no early. A request whose answer would come after its deadline is refused before its picture is read, and the
 * bytes of those that wait are bounded.
 *
 * How long a request waits is the work ahead of it times what the engine has lately taken for a picture, for each model
 * and for the whole, since all models share the decoders and, on a CPU, the processors.
 */
import { ZmdetectError } from '../errors.js';
import type { RegisteredModel } from '../models/registry.js';
import { Backlog } from './backlog.js';
import { ByteBudget } from './byte-budget.js';
import { remainingMs, type Urgency } from './urgency.js';

/** Machines slow down while pictures wait: waiting may take half as long again as predicted, but no more than this. */
const slack = 0.5;
const mostSlackMs = 5000;
/** The measurement at loading has neither decoding nor other requests beside it. */
const seedFactor = 1.5;
const longestRetrySeconds = 60;

interface ModelBacklog {
  readonly backlog: Backlog;
  /** The load that its first guess is from. */
  seededBy: unknown;
}

/** An event whose frames come one by one. */
export interface EventPlace {
  /** One of its frames is about to enter, or will never come. */
  came(): void;
  /** None comes any more. */
  end(): void;
}

export class Admission {
  readonly bytes: ByteBudget;
  readonly whole = new Backlog();
  readonly #models = new Map<RegisteredModel, ModelBacklog>();

  constructor(maxQueuedBytes?: number) {
    this.bytes = new ByteBudget(maxQueuedBytes);
  }

  /**
   * Errors: QUEUE_FULL where `count` pictures would not be through all of `models` before the deadline. A request that
   * finds nothing ahead is let in however slow the engine seems: else a wrong guess would never be corrected.
   */
  check(models: readonly RegisteredModel[], urgency: Urgency, count = 1): void {
    const refusal = this.#refusal(models, urgency, count);
    if (refusal !== undefined) throw refusal;
  }

  /** Errors: QUEUE_FULL where that is so for each of `models` alone; it is not known yet which one is meant. */
  checkAny(models: readonly RegisteredModel[], urgency: Urgency): void {
    const refusals = models.map((model) => this.#refusal([model], urgency, 1));
    const [first] = refusals;
    if (first !== undefined && !refusals.includes(undefined)) throw first;
  }

  #refusal(models: readonly RegisteredModel[], urgency: Urgency, count: number): ZmdetectError | undefined {
    const left = remainingMs(urgency);
    for (const backlog of [this.whole, ...models.map((model) => this.of(model))]) {
      const wait = backlog.waitMs(urgency.priority, count);
      if (wait === 0) continue;
      // An event that is too long even for an idle engine is not refused for that: part of it will be answered.
      const own = Math.min(count * (backlog.service.ms ?? 0), left / 2);
      const late = wait + Math.min(slack * wait, mostSlackMs) + own - left;
      if (late > 0) return tooBusy(wait + own, left, late);
    }
    return undefined;
  }

  /**
   * Runs `work`, one picture's way through `models`, and learns from it. Errors: QUEUE_FULL, for interactive pictures
   * only (an event was checked as a whole); whatever `work` rejects with.
   */
  async run<T>(models: readonly RegisteredModel[], urgency: Urgency, work: () => Promise<T>): Promise<T> {
    if (urgency.priority === 'interactive') this.check(models, urgency);
    const backlogs = [this.whole, ...models.map((model) => this.of(model))];
    let answered = false;
    for (const backlog of backlogs) backlog.enter(urgency.priority);
    try {
      const result = await work();
      answered = true;
      return result;
    } finally {
      for (const backlog of backlogs) backlog.leave(urgency.priority, answered);
    }
  }

  /** Makes those who ask later reckon with an event's frames. */
  expect(models: readonly RegisteredModel[], count: number): EventPlace {
    const places = [this.whole, ...models.map((model) => this.of(model))].map((backlog) => ({
      backlog,
      expected: backlog.expect(count),
    }));
    return {
      came() {
        for (const { expected } of places) expected.count = Math.max(0, expected.count - 1);
      },
      end() {
        for (const { backlog, expected } of places) backlog.forget(expected);
      },
    };
  }

  of(model: RegisteredModel): Backlog {
    const entry = this.#models.get(model) ?? { backlog: new Backlog(), seededBy: undefined };
    this.#models.set(model, entry);
    const { measured } = model;
    if (measured !== undefined && measured !== entry.seededBy) {
      entry.seededBy = measured;
      entry.backlog.service.seed(measured.pictureMs * seedFactor);
    }
    return entry.backlog;
  }
}

function tooBusy(wait: number, left: number, late: number): ZmdetectError {
  const seconds = (ms: number) => (ms / 1000).toFixed(1);
  return new ZmdetectError('QUEUE_FULL', {
    reason: `Too busy: an answer would take about ${seconds(wait)} s, and its deadline is in ${seconds(left)} s`,
    retryAfter: Math.min(Math.max(1, Math.ceil(late / 1000)), longestRetrySeconds),
  });
}
