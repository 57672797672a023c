/** The work that lies before one model, or before the whole engine, and how long it will take. */
import { ServiceTime } from './service-time.js';
import type { Priority } from './urgency.js';

/** Frames of an event that will come once they are fetched. */
export interface Expected {
  count: number;
  readonly since: number;
}

/** Frames that have not come after so long are held up by their server, and hold up nobody here. */
const soonMs = 2000;
/** Bulk work that waits has a turn after so many interactive ones (native/engine/lanes.h). */
const interactiveTurns = 4;

export class Backlog {
  readonly service = new ServiceTime();
  readonly #inside: Record<Priority, number> = { interactive: 0, bulk: 0 };
  readonly #expected = new Set<Expected>();
  /** When the last answer came, or the first picture after a time without any. */
  #mark = 0;
  /** Whether the engine has had something else to do ever since `#mark`. */
  #wasBusy = false;

  /** Pictures that the engine has, waiting or running. */
  get depth(): Readonly<Record<Priority, number>> {
    return this.#inside;
  }

  get total(): number {
    return this.#inside.interactive + this.#inside.bulk;
  }

  enter(priority: Priority): void {
    if (this.total === 0) {
      this.#mark = performance.now();
      this.#wasBusy = false;
    }
    this.#inside[priority] += 1;
  }

  /** `answered`: the picture was looked at, and not dropped on its way. */
  leave(priority: Priority, answered: boolean): void {
    this.#inside[priority] -= 1;
    if (!answered) return;
    const now = performance.now();
    if (this.#wasBusy) this.service.next(now - this.#mark);
    else this.service.alone(now - this.#mark);
    this.#mark = now;
    this.#wasBusy = this.total > 0;
  }

  expect(count: number): Expected {
    const expected = { count, since: performance.now() };
    this.#expected.add(expected);
    return expected;
  }

  forget(expected: Expected): void {
    this.#expected.delete(expected);
  }

  /**
   * Milliseconds of work before the last of `count` new pictures is begun, their own part included; 0 when it is not
   * known or the engine has nothing to do.
   *
   * Interactive pictures pass bulk ones that wait, but for the turns that keep those from starving and the one that
   * runs now. Events are served in turns: another one's frames are before the new ones up to their number.
   */
  waitMs(priority: Priority, count = 1): number {
    const { interactive, bulk } = this.#inside;
    const passed = Math.min(bulk, 1 + Math.floor(interactive / interactiveTurns));
    const ahead = priority === 'interactive' ? interactive + passed : this.total + this.#comingBefore(count);
    return ahead === 0 ? 0 : ahead * (this.service.ms ?? 0);
  }

  #comingBefore(count: number): number {
    const now = performance.now();
    let coming = 0;
    for (const expected of this.#expected) {
      if (this.total > 1 || now - expected.since < soonMs) coming += Math.min(expected.count, count);
    }
    return coming;
  }
}
