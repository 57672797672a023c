/** Runs a program to its exit status, and ends it then: a connection that is still open would hold it. */
export function runAs(program: string, main: () => Promise<number>): void {
  void main()
    .catch((error: unknown) => {
      process.stderr.write(`${program}: ${error instanceof Error ? error.message : String(error)}\n`);
      return 1;
    })
    .then((status) => process.exit(status));
}
