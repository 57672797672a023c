/** The part of a run that counts: what was answered in it, and what it cost. */
import { cpuSeconds, machineTimes, stolenShare } from '../process-stats.js';
import type { Answered, Report } from './job.js';

interface Costs {
  readonly at: number;
  readonly watched: Readonly<Record<string, number>>;
  readonly own: number;
  readonly machine: ReturnType<typeof machineTimes>;
}

export class Window {
  readonly #watch: Readonly<Record<string, number>>;
  readonly #answers: Answered[] = [];
  #opened: Costs | undefined;
  #closed: Costs | undefined;
  #sample: Buffer | undefined;

  constructor(watch: Readonly<Record<string, number>>) {
    this.#watch = watch;
  }

  open(): void {
    this.#opened = this.#costs();
  }

  close(): void {
    this.#closed = this.#costs();
  }

  /** What comes outside the window is not counted. */
  add(answer: Answered, body: Buffer): void {
    if (answer.status === 200) this.#sample = body;
    if (this.#opened !== undefined && this.#closed === undefined) this.#answers.push(answer);
  }

  /** Answers so far. */
  get count(): number {
    return this.#answers.length;
  }

  report(): Report {
    const [from, to] = [this.#opened, this.#closed];
    if (from === undefined || to === undefined) throw new Error('the window was not opened and closed');
    const spent = Object.keys(this.#watch).map((name) => [
      name,
      (to.watched[name] ?? NaN) - (from.watched[name] ?? NaN),
    ]);
    return {
      answers: this.#answers,
      seconds: (to.at - from.at) / 1000,
      cpuSeconds: Object.fromEntries(spent) as Record<string, number>,
      generatorCpuSeconds: to.own - from.own,
      stolen: stolenShare(from.machine, to.machine),
      sample: this.#sample?.toString(),
    };
  }

  #costs(): Costs {
    const { user, system } = process.cpuUsage();
    const watched = Object.entries(this.#watch).map(([name, pid]) => [name, cpuSeconds(pid)]);
    return {
      at: performance.now(),
      watched: Object.fromEntries(watched) as Record<string, number>,
      own: (user + system) / 1e6,
      machine: machineTimes(),
    };
  }
}
