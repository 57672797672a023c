/** Takes the named files out of a zip archive, all or none. */
import { rename, rm } from 'node:fs/promises';
import path from 'node:path';
import AdmZip from 'adm-zip';

import { createFile, draftOf, writeFault } from '../files.js';

/** Only `names` in `folder` of the archive are read, and each lands directly in `into`. Replaces whole files. */
export async function unpack(archive: string, folder: string, names: readonly string[], into: string): Promise<void> {
  const entries = open(archive);
  const found = names.map((name) => {
    const entry = entries.getEntry(`${folder}/${name}`);
    if (entry === null) throw new Error(`${path.basename(archive)} has no ${folder}/${name}`);
    const file = path.join(into, name);
    return { entry, file, fresh: draftOf(file) };
  });
  try {
    for (const { entry, fresh } of found) await write(fresh, entry.getData());
    // A daemon that runs keeps the old files open; one that starts sees each file whole.
    for (const { fresh, file } of found) await rename(fresh, file);
  } catch (error) {
    throw new Error(`cannot unpack into ${into}: ${writeFault(error, into)}`, { cause: error });
  } finally {
    for (const { fresh } of found) await rm(fresh, { force: true });
  }
}

async function write(file: string, content: Buffer): Promise<void> {
  const handle = await createFile(file, 0o755);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function open(archive: string): AdmZip {
  try {
    return new AdmZip(archive);
  } catch (error) {
    throw new Error(`${path.basename(archive)} is not a zip archive`, { cause: error });
  }
}
