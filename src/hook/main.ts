/** `zmdetect event` and `zm_detect`: the command line around `runHook`. */
import { version } from '../daemon/version.js';
import { helpText, parseArguments } from './arguments.js';
import { runHook } from './run.js';
import { Voice } from './voice.js';

/** Resolves to the exit status. */
export async function hookMain(program: string, words: readonly string[]): Promise<number> {
  const request = parseArguments(words);
  switch (request.kind) {
    case 'help':
      process.stdout.write(helpText(program));
      return 0;
    case 'version':
      process.stdout.write(`${program} ${version}\n`);
      return 0;
    case 'bareversion':
      process.stdout.write(`${version}\n`);
      return 0;
    case 'usage':
      process.stderr.write(`${program}: ${request.message}; ${program} --help lists the flags\n`);
      return 1;
    case 'run': {
      const voice = new Voice(program, request.args.debug);
      for (const sentence of request.ignored) voice.say(sentence);
      return runHook(request.args, voice);
    }
  }
}
