/** Interleaved rounds: things that are compared are measured right after each other, again and again. */

export type Steps<T> = Readonly<Record<string, () => Promise<T>>>;
export type Rounds<T> = Record<string, T[]>;

/**
 * Every step once a round; each second round backwards, so that no step always has the same neighbour before it.
 *
 * @returns for each step its rows, in the order of the rounds
 */
export async function interleaved<T>(
  rounds: number,
  steps: Steps<T>,
  say: (round: number, name: string, row: T) => void,
): Promise<Rounds<T>> {
  const rows: Rounds<T> = Object.fromEntries(Object.keys(steps).map((name) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    const order = Object.entries(steps);
    if (round % 2 === 1) order.reverse();
    for (const [name, step] of order) {
      const row = await step();
      rows[name]?.push(row);
      say(round, name, row);
    }
  }
  return rows;
}
