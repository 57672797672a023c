/** `zmdetect event`, as the list of commands names it; `zmdetect.ts` runs it without that list. */
import { hookMain } from '../hook/main.js';
import type { Command } from './command.js';

export const event: Command = {
  name: 'event',
  help: 'say what an event of ZoneMinder shows; zmdetect event --help has its flags',
  addArguments: () => undefined,
  run: () => hookMain('zmdetect event', []),
};
