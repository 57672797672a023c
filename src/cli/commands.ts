#!/usr/bin/env node
/** The command line beside the daemon: one sub-command a file. */
import { ArgumentParser, type ArgumentParserOptions } from 'argparse';

import { version } from '../daemon/version.js';
import type { Arguments, Command } from './command.js';
import { doctor } from './doctor.js';
import { gpuInstall } from './gpu-install.js';

type Groups = Readonly<Record<string, { readonly help: string; readonly commands: readonly Command[] }>>;

const commands: readonly Command[] = [doctor];
const groups: Groups = { gpu: { help: 'libraries for NVIDIA devices', commands: [gpuInstall] } };

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

async function main(): Promise<void> {
  const { command, ...args } = parser().parse_args<Arguments & { command: Command }>();
  process.exitCode = await command.run(args);
}

main().catch((error: unknown) => {
  process.stderr.write(`zmdetect: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
