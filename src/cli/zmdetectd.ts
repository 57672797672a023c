#!/usr/bin/env node
/** The daemon's command line. */
import { CommandLineExit, exitStatus } from '../config/flags.js';
import { loadServerConfig } from '../config/load.js';
import type { Daemon } from '../daemon/daemon.js';
import { afterLastLine, createLog, logProcessWarnings } from '../daemon/log.js';
import { version } from '../daemon/version.js';
import { limits } from '../limits.js';

/** EX_SOFTWARE of sysexits.h, as `native/addon/exit_guard.h` has it. */
const exitUnfinished = 70;

async function main(): Promise<void> {
  const { config, warnings } = await loadServerConfig(process.argv.slice(2), version);
  const log = createLog(config.logLevel);
  for (const warning of warnings) log.warn(warning);
  logProcessWarnings(log);

  const running: { starting?: Promise<Daemon>; daemon?: Daemon } = {};
  const giveUp = new AbortController();
  let stopping = false;
  const stop = (signal: NodeJS.Signals) => {
    if (stopping) return;
    stopping = true;
    log.info({ signal }, 'stopping');
    giveUp.abort();
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
  const { exitNow, guardExit } = await import('../engine/engine.js');
  if (giveUp.signal.aborted) return;
  const stopMs = config.shutdownSeconds * 1000 + limits.stopMarginMs.value;
  // A second later than the stop below, for a JavaScript thread that is blocked.
  guardExit(stopMs + 1000);
  giveUp.signal.addEventListener('abort', () => {
    const { daemon } = running;
    if (daemon === undefined) {
      setTimeout(() => {
        log.info('stopped while a model was being loaded');
        afterLastLine(log, () => exitNow(0));
      }, limits.stopWhileLoadingMs.value);
    } else {
      setTimeout(() => {
        log.error({ threads: daemon.stuckThreads }, 'the stop was not finished in time: leaving without the rest');
        afterLastLine(log, () => exitNow(exitUnfinished));
      }, stopMs);
    }
  });
  running.starting = Native.start(config, version, log, giveUp.signal);
  try {
    running.daemon = await running.starting;
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
