#!/usr/bin/env node
/** The daemon's command line. */
import { CommandLineExit, exitStatus } from '../config/flags.js';
import { loadServerConfig } from '../config/load.js';
import type { Daemon } from '../daemon/daemon.js';
import { createLog, logProcessWarnings } from '../daemon/log.js';
import { version } from '../daemon/version.js';

async function main(): Promise<void> {
  const { config, warnings } = await loadServerConfig(process.argv.slice(2), version);
  const log = createLog(config.logLevel);
  for (const warning of warnings) log.warn(warning);
  logProcessWarnings(log);

  const running: { starting?: Promise<Daemon> } = {};
  const giveUp = new AbortController();
  let stopping = false;
  const stop = (signal: NodeJS.Signals) => {
    if (stopping) return;
    stopping = true;
    log.info({ signal }, 'stopping');
    giveUp.abort();
    // A thread that loads a model must end before the process does: the runtime's own data go first.
    const stopped = running.starting?.catch(() => undefined).then((daemon) => daemon?.stop());
    Promise.resolve(stopped).then(
      () => {
        log.info('stopped');
        process.exit(0);
      },
      (error: unknown) => {
        log.fatal({ err: error }, 'could not stop in order');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);

  // The addon is loaded only now, so that --help and a configuration error need no binary.
  const { Daemon: Native } = await import('../daemon/daemon.js');
  if (giveUp.signal.aborted) return;
  running.starting = Native.start(config, version, log, giveUp.signal);
  try {
    await running.starting;
  } catch (error) {
    if (!giveUp.signal.aborted) throw error;
  }
}

main().catch((error: unknown) => {
  if (error instanceof CommandLineExit) {
    process.stdout.write(error.stdout);
    process.stderr.write(error.stderr);
    process.exitCode = error.exitStatus;
    return;
  }
  process.stderr.write(`zmdetectd: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(exitStatus(error));
});
