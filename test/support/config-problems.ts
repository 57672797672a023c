/** What is wrong with settings, for tests of single sentences. */
import { ConfigError } from '../../src/config/problems.js';
import { checkServerConfig } from '../../src/config/server-config.js';

/** The sentences with which a server's settings are refused; none where they are taken. */
export function problems(raw: unknown): readonly string[] {
  try {
    checkServerConfig(raw);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}
