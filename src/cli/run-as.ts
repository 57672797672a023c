/** Runs a program to its exit status, and ends it then: a connection that is still open would hold it. */
export function runAs(program: string, main: () => Promise<number>): void {
  // What cannot be said on standard error is lost; the work goes on.
  process.stderr.on('error', () => undefined);
  let lost: Error | undefined;
  process.stdout.on('error', (error: Error) => {
    lost ??= error;
  });
  const run = async (): Promise<number> => {
    const status = await main();
    lost ??= await flushed();
    if (lost === undefined) return status;
    process.stderr.write(`${program}: standard output took not all of the answer (${reasonOf(lost)}): ${remedy}\n`);
    return status === 0 ? 1 : status;
  };
  void run()
    .catch((error: unknown) => {
      process.stderr.write(`${program}: ${error instanceof Error ? error.message : String(error)}\n`);
      return 1;
    })
    .then((status) => process.exit(status));
}

const remedy = 'make room on its disk, or let the program that reads it run to the end';

/** Resolves when all that was written is out, with the error that kept it from that. */
function flushed(): Promise<Error | undefined> {
  return new Promise((resolve) => {
    process.stdout.write('', (error) => resolve(error ?? undefined));
  });
}

function reasonOf(error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOSPC') return 'no space left';
  return error.code === 'EPIPE' ? 'its reader has gone' : (error.code ?? error.message);
}
