#!/usr/bin/env node
/** The command line beside the daemon. A hook runs for every event, so it loads nothing of the other commands. */
import { runAs } from './run-as.js';

const [word, ...rest] = process.argv.slice(2);

runAs('zmdetect', async () =>
  word === 'event'
    ? (await import('../hook/main.js')).hookMain('zmdetect event', rest)
    : (await import('./commands.js')).runCommand(process.argv.slice(2)),
);
