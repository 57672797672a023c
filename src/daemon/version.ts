/** The package's version, out of the nearest package.json above this file: it runs from `dist` and from test builds. */
import { existsSync, readFileSync } from 'node:fs';

function packageFile(folder: URL): URL {
  const file = new URL('package.json', folder);
  const parent = new URL('../', folder);
  return existsSync(file) || parent.href === folder.href ? file : packageFile(parent);
}

export const version = (
  JSON.parse(readFileSync(packageFile(new URL('./', import.meta.url)), 'utf8')) as { version: string }
).version;
