/** All that is wrong with an `objectconfig.yml`, in the order of its lines. */
import type { Path } from '../config/yaml.js';
import { checkKeys } from './keys.js';
import { checkMeaning } from './meaning.js';
import type { Problem } from './problem.js';
import type { Source } from './source.js';

export async function checkSource(source: Source): Promise<Problem[]> {
  // Of a file that is no YAML nothing else can be said.
  if (Object.keys(source.tree).length === 0 && source.problems.length > 0) return [...source.problems];
  const keys = [...source.problems, ...checkKeys(source)];
  const faults = keys.filter(({ severity, path }) => severity === 'error' && path.length > 0);
  const isEcho = ({ path }: Problem): boolean =>
    faults.some((fault) => isWithin(fault.path, path) || isWithin(path, fault.path));
  const meaning = (await checkMeaning(source)).filter((problem) => !isEcho(problem));
  return [...keys, ...meaning].sort((a, b) => lineOf(a) - lineOf(b));
}

/** Whether `inner` leads to the same place as `outer`, or to one below it. */
function isWithin(inner: Path, outer: Path): boolean {
  return outer.every((step, index) => step === inner[index]);
}

function lineOf({ sentence }: Problem): number {
  return Number(/:(\d+):\d+: /.exec(sentence)?.[1] ?? 0);
}
