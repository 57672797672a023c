/** `zmdetect config check`: what is wrong with an `objectconfig.yml`, line by line. */
import { defaultConfig } from '../hook/arguments.js';
import { allProblems } from '../hook/check.js';
import type { Severity } from '../hook/problem.js';
import { readSource } from '../hook/source.js';
import { plainLine } from '../plain-line.js';
import { type Command, textOf } from './command.js';

export const configCheck: Command = {
  name: 'check',
  help: 'say what is wrong with an objectconfig.yml, line by line',
  addArguments(parser) {
    parser.add_argument('file', { metavar: 'FILE', nargs: '?', help: `default: ${defaultConfig}` });
  },
  async run(args) {
    const file = textOf(args, 'file') ?? defaultConfig;
    const problems = await allProblems(await readSource(file));
    const of = (wanted: Severity): string[] =>
      problems.flatMap(({ severity, sentence }) => (severity === wanted ? [sentence] : []));
    const [errors, warnings] = [of('error'), of('warning')];
    for (const { severity, sentence } of problems) {
      if (severity !== 'note') process.stderr.write(`${severity}: ${plainLine(sentence)}\n`);
    }
    for (const sentence of of('note')) process.stdout.write(`note: ${plainLine(sentence)}\n`);
    const found = [count(errors.length, 'error'), count(warnings.length, 'warning')].filter((text) => text !== '');
    const verdict = errors.length > 0 ? ': no event can be analysed with it' : found.length > 0 ? ' works' : ' is good';
    process.stdout.write(`${[`${file}${verdict}`, ...found].join(', ')}\n`);
    return errors.length === 0 ? 0 : 1;
  },
};

function count(number: number, what: string): string {
  return number === 0 ? '' : `${number} ${what}${number === 1 ? '' : 's'}`;
}
