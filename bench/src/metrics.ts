/** The daemon's own figures from GET /metrics (Prometheus text), as differences between two moments. */

/** Values by whole series: name and labels as written. */
export type Series = ReadonlyMap<string, number>;

/** undefined: this server has no such route. Errors: another answer than 200. */
export async function scrape(port: number): Promise<Series | undefined> {
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`);
  const text = await answer.text();
  if (answer.status === 404) return undefined;
  if (!answer.ok) throw new Error(`GET /metrics answered ${answer.status}`);
  return parseSeries(text);
}

export function parseSeries(text: string): Series {
  const rows = text.split('\n').filter((row) => row !== '' && !row.startsWith('#'));
  return new Map(
    rows.map((row) => {
      const at = row.lastIndexOf(' ');
      return [row.slice(0, at), Number(row.slice(at + 1))];
    }),
  );
}

/** Names of the daemon's, as in src/server/metric-table.ts. */
export const stageHistogram = 'zmdetect_stage_duration_seconds';
export const batchHistogram = 'zmdetect_batch_size';

/** Mean milliseconds of each stage between the two. */
export function stageMs(from: Series, to: Series): Record<string, number> {
  const means: Record<string, number> = {};
  for (const [series] of to) {
    const stage = labelOf(series, `${stageHistogram}_count`, 'stage');
    if (stage === undefined) continue;
    const count = change(series, from, to);
    const seconds = change(series.replace(`${stageHistogram}_count`, `${stageHistogram}_sum`), from, to);
    if (count > 0) means[stage] = (seconds / count) * 1000;
  }
  return means;
}

/** How many pictures ran in batches of each size between the two, by the upper bound of each bucket. */
export function batchSizes(from: Series, to: Series): Record<string, number> {
  const buckets = new Map<string, number>();
  for (const [series] of to) {
    const le = labelOf(series, `${batchHistogram}_bucket`, 'le');
    if (le !== undefined) buckets.set(le, (buckets.get(le) ?? 0) + change(series, from, to));
  }
  const order = [...buckets].sort(([a], [b]) => limitOf(a) - limitOf(b));
  const sizes: Record<string, number> = {};
  let below = 0;
  for (const [le, count] of order) {
    if (count > below) sizes[le] = count - below;
    below = count;
  }
  return sizes;
}

/** The label's value where the series is of that name. */
function labelOf(series: string, name: string, label: string): string | undefined {
  if (!series.startsWith(`${name}{`)) return undefined;
  return new RegExp(`[{,]${label}="([^"]*)"`).exec(series)?.[1];
}

function limitOf(le: string): number {
  return le === '+Inf' ? Infinity : Number(le);
}

function change(series: string, from: Series, to: Series): number {
  return (to.get(series) ?? 0) - (from.get(series) ?? 0);
}
