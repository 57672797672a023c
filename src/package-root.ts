/** Where the package lies: its code runs from `dist` and from test builds, so the nearest package.json tells. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

function above(folder: string): string {
  const parent = path.dirname(folder);
  return existsSync(path.join(folder, 'package.json')) || parent === folder ? folder : above(parent);
}

export const packageRoot = above(path.dirname(fileURLToPath(import.meta.url)));

/** The bundled picture: models are warmed up with it. */
export const samplePicture = path.join(packageRoot, 'models', 'sample.jpg');

/** Folder of the addon, its backends and their runtimes. Asking for it does not load the addon. */
export const binariesFolder = path.join(packageRoot, 'build', 'Release');
