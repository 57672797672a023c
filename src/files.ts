/** Reading files that may be larger than they should be, and writing files that others read. */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

/** A file that has more bytes than its kind may have. */
export class FileTooLarge extends Error {
  constructor(file: string, most: number) {
    super(`${file} has more than the ${most} bytes that such a file may have`);
    this.name = 'FileTooLarge';
  }
}

/** Reads no further than the limit, so that neither a device nor an endless pipe fills memory. @throws FileTooLarge */
export async function readLimited(file: string, most: number): Promise<Buffer> {
  const handle = await open(file);
  try {
    const chunks: Buffer[] = [];
    let length = 0;
    for (;;) {
      const chunk = Buffer.alloc(Math.min(64 * 1024, most + 1 - length));
      const { bytesRead } = await handle.read(chunk);
      if (bytesRead === 0) return Buffer.concat(chunks);
      chunks.push(chunk.subarray(0, bytesRead));
      length += bytesRead;
      if (length > most) throw new FileTooLarge(file, most);
    }
  } finally {
    await handle.close();
  }
}

/** A sentence where every user of the host can read a file of secrets; null otherwise. */
export async function secretsInSight(file: string): Promise<string | null> {
  const { mode } = await stat(file).catch(() => ({ mode: 0 }));
  return (mode & 0o004) === 0
    ? null
    : `${file} holds secrets, and every user of this host can read it: chmod o-rwx ${file}`;
}

/**
 * Writes a draft and puts it in the place of the file: readers find the old content or the new one, never a part.
 * Nothing is written through a link: neither the draft, whose name cannot be guessed, nor the file.
 *
 * @param mode before the umask
 * @throws Error with a sentence that names file, folder and remedy
 */
export async function replaceFile(file: string, content: string | Uint8Array, mode = 0o666): Promise<void> {
  const draft = draftOf(file);
  try {
    const handle = await createFile(draft, mode);
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true }).catch(() => undefined);
    throw new Error(`cannot write ${file}: ${writeFault(error, path.dirname(file))}`, { cause: error });
  }
}

/** A name beside the file that nobody can guess. */
export function draftOf(file: string): string {
  return path.join(path.dirname(file), `.${path.basename(file)}.${randomBytes(9).toString('base64url')}.tmp`);
}

/** Opens a file that is not there yet, for writing. Whatever lies there, also a link, is an error. */
export function createFile(file: string, mode: number): ReturnType<typeof open> {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  return open(file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
}

/** Why a file in `folder` cannot be written, and what to do: the end of a sentence. */
export function writeFault(error: unknown, folder: string): string {
  const { code, message } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOENT':
      return `the folder ${folder} does not exist: create it`;
    case 'ENOTDIR':
      return `${folder} is not a folder: name one`;
    case 'EACCES':
    case 'EPERM':
      return `${userName()} may not write into the folder ${folder}: change its owner or its mode`;
    case 'EROFS':
      return `the folder ${folder} is on a file system that is mounted read-only: mount it writable, or name another folder`;
    case 'ENOSPC':
    case 'EDQUOT':
      return `no room is left in the folder ${folder}: delete files there, or name another folder`;
    case 'EISDIR':
      return 'a folder of that name is in its place: remove the folder';
    default:
      return code ?? message;
  }
}

function userName(): string {
  try {
    return `the user ${os.userInfo().username}`;
  } catch {
    // A container may run under a number without a name.
    return `the user ${process.getuid?.() ?? ''}`.trimEnd();
  }
}
