/** What a hook leaves beside an event: `objdetect.jpg` and `objects.json`, which ZoneMinder and its apps look for. */
import { mkdir, stat } from 'node:fs/promises';
import path from 'node:path';

import { replaceFile, writeFault } from '../files.js';

/** `own`: the folder was named by whoever called, so it is created where it is missing. */
export async function writeArtefacts(folder: string, own: boolean, image: Buffer, objects: string): Promise<void> {
  if (own) await makeFolder(folder);
  else if (!(await isDirectory(folder))) {
    throw new Error(
      `the event's folder ${folder} is not on this host: mount ZoneMinder's storage, or set write_image_to_zm: "no"`,
    );
  }
  await replaceFile(path.join(folder, 'objdetect.jpg'), image);
  await replaceFile(path.join(folder, 'objects.json'), objects);
}

async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true }).catch((error: unknown) => {
    const why = writeFault(error, path.dirname(folder));
    throw new Error(`cannot create the folder ${folder}: ${why}`, { cause: error });
  });
}

/** A name of one file, whatever the parts hold: a frame's id comes from a server. */
export function fileNameOf(...parts: readonly string[]): string {
  return parts
    .map((part) => part.replace(/[^\p{L}\p{N}_.-]+/gu, '_').slice(0, 60))
    .join('-')
    .replace(/^\.+/, '');
}

function isDirectory(folder: string): Promise<boolean> {
  return stat(folder).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
}
