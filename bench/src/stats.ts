/** Small statistics: pure. */

/** The value below which a `share` (0..1) of them lies, by nearest rank. NaN for none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? NaN;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  if (sorted.length % 2 === 1) return sorted[Math.floor(middle)] ?? NaN;
  return ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2;
}

/** What is said of the same thing measured in several rounds. */
export interface Spread {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

export function spread(values: readonly number[]): Spread {
  return { min: Math.min(...values), median: median(values), max: Math.max(...values) };
}

/** Each value over its partner of the same round. */
export function ratios(values: readonly number[], partners: readonly number[]): number[] {
  if (values.length !== partners.length) throw new Error(`${values.length} rounds over ${partners.length}`);
  return values.map((value, round) => value / (partners[round] ?? NaN));
}

export interface Line {
  /** Value where x is 0. */
  readonly start: number;
  /** Change of the value for each x. */
  readonly slope: number;
}

/** The straight line nearest to points (x, y), by least squares. */
export function line(points: readonly (readonly [x: number, y: number])[]): Line {
  const mean = (of: 0 | 1) => points.reduce((sum, point) => sum + point[of], 0) / points.length;
  const [x0, y0] = [mean(0), mean(1)];
  const [xy, xx] = points.reduce(([a, b], [x, y]) => [a + (x - x0) * (y - y0), b + (x - x0) ** 2], [0, 0]);
  const slope = xx === 0 ? 0 : xy / xx;
  return { start: y0 - slope * x0, slope };
}
