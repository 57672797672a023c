/** What a hook leaves beside an event: `objdetect.jpg` and `objects.json`, which ZoneMinder and its apps look for. */
import { mkdir, rename, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** `own`: the folder was named by whoever called, so it is created where it is missing. */
export async function writeArtefacts(folder: string, own: boolean, image: Buffer, objects: string): Promise<void> {
  if (own) await mkdir(folder, { recursive: true });
  else if (!(await isDirectory(folder))) {
    throw new Error(
      `the event's folder ${folder} is not on this host: mount ZoneMinder's storage, or set write_image_to_zm: "no"`,
    );
  }
  await replace(path.join(folder, 'objdetect.jpg'), image);
  await replace(path.join(folder, 'objects.json'), objects);
}

/** Readers see the old file or the new one, never half of it. */
export async function replace(file: string, content: Buffer | string): Promise<void> {
  const draft = path.join(path.dirname(file), `.${path.basename(file)}.${process.pid}`);
  await writeFile(draft, content);
  await rename(draft, file);
}

function isDirectory(folder: string): Promise<boolean> {
  return stat(folder).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
}
