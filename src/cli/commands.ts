/** The commands beside the daemon, one a file. */
import { ArgumentParser, type ArgumentParserOptions } from 'argparse';

import { version } from '../daemon/version.js';
import type { Arguments, Command } from './command.js';
import { configCheck } from './config-check.js';
import { doctor } from './doctor.js';
import { event } from './event.js';
import { gpuInstall } from './gpu-install.js';

type Groups = Readonly<Record<string, { readonly help: string; readonly commands: readonly Command[] }>>;

const commands: readonly Command[] = [event, doctor];
const groups: Groups = {
  config: { help: "the hook's objectconfig.yml", commands: [configCheck] },
  gpu: { help: 'libraries for NVIDIA devices', commands: [gpuInstall] },
};

const options: ArgumentParserOptions = {
  prog: 'zmdetect',
  description: 'Tools around the detection daemon zmdetectd.',
};

function parser(): ArgumentParser {
  const root = new ArgumentParser(options);
  root.add_argument('--version', { action: 'version', version: `zmdetect ${version}` });
  const words = root.add_subparsers({ title: 'commands', metavar: 'COMMAND', required: true });
  const add = (parent: typeof words, command: Command) => {
    const sub = parent.add_parser(command.name, { help: command.help, description: command.help });
    command.addArguments(sub);
    sub.set_defaults({ command });
  };
  for (const command of commands) add(words, command);
  for (const [name, group] of Object.entries(groups)) {
    const sub = words.add_parser(name, { help: group.help, description: group.help });
    const parent = sub.add_subparsers({ title: 'commands', metavar: 'COMMAND', required: true });
    for (const command of group.commands) add(parent, command);
  }
  return root;
}

/** Resolves to the exit status. */
export async function runCommand(words: readonly string[]): Promise<number> {
  const { command, ...args } = parser().parse_args<Arguments & { command: Command }>([...words]);
  return command.run(args);
}
