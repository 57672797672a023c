/** The folder of real models and photos beside the checkout. */
import { existsSync } from 'node:fs';
import path from 'node:path';

const folder = process.env.ZMDETECT_SHARED ?? path.resolve('..', 'shared');

/**
 * Path of a file in the shared folder, or undefined with the reason in `skip` for node-tap. Where CI is set a missing
 * folder is an error, so that no run passes for want of data.
 */
export function shared(file: string): { readonly path: string; readonly skip: string | false } {
  const found = path.join(folder, file);
  if (existsSync(found)) return { path: found, skip: false };
  if (process.env.CI === 'true') throw new Error(`${found} is missing: set ZMDETECT_SHARED to the folder of test data`);
  return { path: found, skip: `${found} is missing; set ZMDETECT_SHARED to the folder of test data` };
}
