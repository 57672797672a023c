/** Counts what a model's answers leave out, and says so once for each cause and load. */
import type { DetectOutput } from '../engine/native.js';
import type { LeftOut } from './model-row.js';

type Cause = keyof LeftOut;

export class LeftOutCounter {
  readonly #warn: (sentence: string) => void;
  readonly #total = { impossible: 0, capped: 0 };
  #sinceLoad = { impossible: 0, capped: 0 };
  #pictures = 0;

  constructor(warn: (sentence: string) => void) {
    this.#warn = warn;
  }

  get total(): LeftOut {
    return this.#total;
  }

  get sinceLoad(): LeftOut {
    return this.#sinceLoad;
  }

  /** Why the model is not to be trusted; null where nothing speaks against it. Loading it again clears it. */
  get reason(): string | null {
    const { impossible } = this.#sinceLoad;
    if (impossible === 0) return null;
    return (
      `${impossible} boxes on ${this.#pictures} pictures since it was loaded are impossible (no number, a score above 1, ` +
      'or outside of every picture) and were left out: export the model again, or set its layout'
    );
  }

  restart(): void {
    this.#sinceLoad = { impossible: 0, capped: 0 };
    this.#pictures = 0;
  }

  add({ impossible, capped }: Pick<DetectOutput, Cause>): void {
    this.#pictures += 1;
    const first = (cause: Cause, count: number): boolean => count > 0 && this.#sinceLoad[cause] === 0;
    const firstImpossible = first('impossible', impossible);
    const firstCapped = first('capped', capped);
    this.#sinceLoad = {
      impossible: this.#sinceLoad.impossible + impossible,
      capped: this.#sinceLoad.capped + capped,
    };
    this.#total.impossible += impossible;
    this.#total.capped += capped;
    if (firstImpossible) this.#warn(`the model is degraded: ${this.reason}`);
    if (firstCapped) {
      this.#warn(
        `the model has ${capped} more boxes on a picture than are looked at: the strongest count, raise min_confidence`,
      );
    }
  }
}
