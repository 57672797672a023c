/** `zmdetect config check`: what is wrong with an `objectconfig.yml`, line by line. */
import { defaultConfig } from '../hook/arguments.js';
import { checkSource } from '../hook/check.js';
import { readSource } from '../hook/source.js';
import { type Command, textOf } from './command.js';

export const configCheck: Command = {
  name: 'check',
  help: 'say what is wrong with an objectconfig.yml, line by line',
  addArguments(parser) {
    parser.add_argument('file', { metavar: 'FILE', nargs: '?', help: `default: ${defaultConfig}` });
  },
  async run(args) {
    const file = textOf(args, 'file') ?? defaultConfig;
    const problems = await checkSource(await readSource(file));
    const serious = problems.filter(({ severity }) => severity !== 'note');
    for (const { sentence } of serious) process.stderr.write(`${sentence}\n`);
    for (const { severity, sentence } of problems) {
      if (severity === 'note') process.stdout.write(`note: ${sentence}\n`);
    }
    process.stdout.write(serious.length === 0 ? `${file} is good\n` : `${file}: ${count(serious.length)} to mend\n`);
    return serious.length === 0 ? 0 : 1;
  },
};

function count(problems: number): string {
  return problems === 1 ? '1 thing' : `${problems} things`;
}
