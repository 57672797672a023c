/** Takes the named files out of a zip archive, all or none. */
import { rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import AdmZip from 'adm-zip';

/** Only `names` in `folder` of the archive are read, and each lands directly in `into`. Replaces whole files. */
export async function unpack(archive: string, folder: string, names: readonly string[], into: string): Promise<void> {
  const entries = open(archive);
  const found = names.map((name) => {
    const entry = entries.getEntry(`${folder}/${name}`);
    if (entry === null) throw new Error(`${path.basename(archive)} has no ${folder}/${name}`);
    return { entry, file: path.join(into, name), fresh: path.join(into, `.${name}.new`) };
  });
  try {
    for (const { entry, fresh } of found) await writeFile(fresh, entry.getData(), { mode: 0o755, flush: true });
    // A daemon that runs keeps the old files open; one that starts sees each file whole.
    for (const { fresh, file } of found) await rename(fresh, file);
  } finally {
    for (const { fresh } of found) await rm(fresh, { force: true });
  }
}

function open(archive: string): AdmZip {
  try {
    return new AdmZip(archive);
  } catch (error) {
    throw new Error(`${path.basename(archive)} is not a zip archive`, { cause: error });
  }
}
