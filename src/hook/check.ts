/** All that is wrong with an `objectconfig.yml`, and the tree with what counts in place of what is wrong. */
import { isMapping, type Mapping } from '../config/readers.js';
import type { Path } from '../config/yaml.js';
import { checkKeys } from './keys.js';
import { checkMeaning } from './meaning.js';
import { checkModels, typesOf } from './models.js';
import { valueAt } from './merge.js';
import type { Problem } from './problem.js';
import type { Source } from './source.js';

export interface Checked {
  /** Every value is of the kind that its key wants, where no error says otherwise. */
  readonly tree: Mapping;
  /** In the order of the lines; those of the models are asked for on their own. */
  readonly problems: readonly Problem[];
  /** Of the models that a monitor sees; undefined: those of all monitors without an own section. */
  readonly modelProblems: (monitorId: string | undefined) => Promise<readonly Problem[]>;
}

export function checkSource(source: Source): Checked {
  // Of a file that is no YAML nothing else can be said.
  if (Object.keys(source.tree).length === 0 && source.problems.length > 0) {
    return { tree: {}, problems: source.problems, modelProblems: () => Promise.resolve([]) };
  }
  const { tree, problems: keyProblems } = checkKeys(source);
  const keys = [...source.problems, ...keyProblems].map((problem) => withSeverity(problem, tree));
  const meaning = withoutEchoes(checkMeaning(source, tree), keys);
  return {
    tree,
    problems: [...keys, ...meaning].sort(byLine),
    modelProblems: async (monitorId) => {
      const found: Problem[] = [];
      await checkModels(tree, monitorId, (severity, path, text) => {
        found.push({ severity, path, sentence: `${source.locate(path).place}: ${text}` });
      });
      return withoutEchoes(found, keys).sort(byLine);
    },
  };
}

/** For all monitors at once. */
export async function allProblems(source: Source): Promise<readonly Problem[]> {
  const { tree, problems, modelProblems } = checkSource(source);
  const monitors = isMapping(tree.monitors) ? Object.keys(tree.monitors) : [];
  const own = monitors.filter((id) => valueAt(tree, ['monitors', id, 'ml_sequence']) !== undefined);
  const models = (await Promise.all([undefined, ...own].map(modelProblems))).flat();
  const sentences = new Map([...problems, ...models].map((problem) => [problem.sentence, problem]));
  return [...sentences.values()].sort(byLine);
}

const sections = new Set<unknown>(['general', 'remote', 'ml', 'monitors']);

/** What no event reads cannot stop one: sections without effect here, and types of models that do not run. */
function withSeverity(problem: Problem, tree: Mapping): Problem {
  const { severity, path } = problem;
  if (severity !== 'error' || path.length === 0) return problem;
  const sequence = path.indexOf('ml_sequence');
  const type = sequence < 0 ? undefined : path[sequence + 1];
  const own = valueAt(tree, [...path.slice(0, sequence), 'ml_sequence']);
  const base = valueAt(tree, ['ml', 'ml_sequence']);
  const runs = [own, base].some((ml) => isMapping(ml) && typesOf(ml).includes(String(type)));
  const isRead = sections.has(path[0]) && (type === undefined || type === 'general' || runs);
  return isRead ? problem : { ...problem, severity: 'warning' };
}

/** Without what follows from a fault that has been said already. */
function withoutEchoes(problems: readonly Problem[], said: readonly Problem[]): Problem[] {
  const faults = said.filter(({ severity, path }) => severity === 'error' && path.length > 0);
  const isEcho = ({ path }: Problem): boolean =>
    faults.some((fault) => isWithin(fault.path, path) || isWithin(path, fault.path));
  return problems.filter((problem) => !isEcho(problem));
}

/** Whether `inner` leads to the same place as `outer`, or to one below it. */
function isWithin(outer: Path, inner: Path): boolean {
  return outer.every((step, index) => step === inner[index]);
}

function byLine(a: Problem, b: Problem): number {
  return lineOf(a) - lineOf(b);
}

function lineOf({ sentence }: Problem): number {
  return Number(/:(\d+):\d+: /.exec(sentence)?.[1] ?? 0);
}
