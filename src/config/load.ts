/** From the command line to the settings the server runs with. */
import { flagName, parseFlags } from './flags.js';
import { secretsInSight } from '../files.js';
import { secretKeys } from './secret.js';
import { type Checked, checkServerConfig } from './server-config.js';
import { readYaml } from './yaml.js';

/**
 * Reads the arguments after the program's name and, when they say so, the file.
 *
 * Throws CommandLineExit (help, version, usage error) and ConfigError; `exitStatus` turns either into a status. The
 * warnings are whole sentences for the log.
 */
export async function loadServerConfig(args: readonly string[], version: string): Promise<Checked> {
  const { config: file, debug, given } = parseFlags(args, version);
  if (file === null) return checkServerConfig(given, { debug, nameOf: flagName });

  const yaml = await readYaml(file);
  const { config, warnings } = checkServerConfig(yaml.value ?? {}, {
    debug,
    source: file,
  });
  const ignored = Object.keys(given).map((key) => `${flagName(key)} is ignored, because --config is given`);
  const inSight = holdsSecret(yaml.value) ? await secretsInSight(file) : null;
  return { config, warnings: [...ignored, ...yaml.warnings, ...warnings, ...(inSight === null ? [] : [inSight])] };
}

/** Whether a key for secrets has a text, wherever it stands. */
function holdsSecret(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(
    ([key, item]) => (secretKeys.has(key) && typeof item === 'string' && item !== '') || holdsSecret(item),
  );
}
