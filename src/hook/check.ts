/** All that is wrong with an `objectconfig.yml`, in the order of its lines. */
import { checkKeys } from './keys.js';
import { checkMeaning } from './meaning.js';
import type { Problem } from './problem.js';
import type { Source } from './source.js';

export async function checkSource(source: Source): Promise<Problem[]> {
  // Of a file that is no YAML nothing else can be said.
  if (Object.keys(source.tree).length === 0 && source.problems.length > 0) return [...source.problems];
  const problems = [...source.problems, ...checkKeys(source), ...(await checkMeaning(source))];
  return problems.sort((a, b) => lineOf(a) - lineOf(b));
}

function lineOf({ sentence }: Problem): number {
  return Number(/:(\d+):\d+: /.exec(sentence)?.[1] ?? 0);
}
