/** A sub-command of `zmdetect`. */
import type { ArgumentParser } from 'argparse';

export type Arguments = Readonly<Record<string, unknown>>;

export interface Command {
  readonly name: string;
  readonly help: string;
  addArguments(parser: ArgumentParser): void;
  /** Resolves to the exit status. */
  run(args: Arguments): Promise<number>;
}

/** The value of a text option; undefined where it was not given. */
export function textOf(args: Arguments, key: string): string | undefined {
  const value = args[key];
  return typeof value === 'string' ? value : undefined;
}
