/** Puts the GPU libraries that match the bundled ONNX Runtime beside it. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';

import { download, type DownloadOptions } from './download.js';
import { type Archive, archiveFile, manifest as pinned, type Manifest } from './manifest.js';
import { feedFolder, mirrorUrl, upstreamIndex } from './source.js';
import { unpack } from './unpack.js';

export interface InstallOptions extends DownloadOptions {
  /** An archive's address, or a folder of packages; with `from` not used. */
  readonly mirror?: string | undefined;
  /** A folder that holds the archive. */
  readonly from?: string | undefined;
  readonly into: string;
  /** Of the archive, where the manifest has none. */
  readonly sha256?: string | undefined;
  /** Take the archive without a hash. */
  readonly trust: boolean;
  /** Version of the ONNX Runtime that the libraries are for; null: it was not found. */
  readonly bundled: string | null;
  readonly platform?: string;
  readonly manifest?: Manifest;
}

export interface Installed {
  readonly files: readonly string[];
  readonly sha256: string;
  /** Whether that hash was compared with one known before. */
  readonly checked: boolean;
}

/** Rejects with a sentence for the user; nothing has been installed then. */
export async function install(options: InstallOptions): Promise<Installed> {
  const { into, from, manifest = pinned, platform = `${process.platform}-${process.arch}` } = options;
  const { version } = manifest;
  const archive = manifest.archives[platform];
  if (archive === undefined) throw new Error(`ONNX Runtime publishes no GPU libraries for ${platform}`);
  if (options.bundled !== version) {
    throw new Error(
      `the GPU libraries are those of ONNX Runtime ${version}, and ${options.bundled ?? 'none'} is built in`,
    );
  }
  const expected = expectedHash(archive, options);
  const url = from === undefined ? await sourceUrl(options, archive, version) : null;
  if (expected === null && url !== null && url.protocol !== 'https:') {
    throw new Error(`expected an https address with --trust, got ${url.protocol}//${url.host}: give --sha256 HEX`);
  }

  await mkdir(into, { recursive: true });
  const file = path.join(from ?? into, archiveFile(archive, version));
  if (url !== null) await download(url, file, options);
  try {
    const sha256 = await hashOf(file);
    if (expected !== null && sha256 !== expected) {
      throw new Error(`${file} has the SHA-256 ${sha256}, expected ${expected}: nothing was unpacked`);
    }
    await unpack(file, archive.folder, archive.files, into);
    return { files: archive.files.map((name) => path.join(into, name)), sha256, checked: expected !== null };
  } finally {
    // What was downloaded is either installed or not to be used; the user's own archive stays.
    if (url !== null) await rm(file, { force: true });
  }
}

/** null: the user has said that no hash is to be compared. */
function expectedHash(archive: Archive, { sha256, trust }: InstallOptions): string | null {
  const given = sha256?.toLowerCase();
  if (given !== undefined && !/^[0-9a-f]{64}$/.test(given)) {
    throw new Error(`expected 64 hexadecimal digits for --sha256, got ${JSON.stringify(sha256)}`);
  }
  if (archive.sha256 !== null && given !== undefined && given !== archive.sha256) {
    throw new Error(`--sha256 differs from the pinned hash ${archive.sha256}`);
  }
  const expected = archive.sha256 ?? given ?? null;
  if (expected === null && !trust) {
    throw new Error(
      `the hash of ${archive.package} is not pinned in this version of zmdetect: ` +
        'give --sha256 HEX from a source that you trust, or --trust to take the archive as it comes',
    );
  }
  return expected;
}

async function sourceUrl({ mirror }: InstallOptions, archive: Archive, version: string): Promise<URL> {
  if (mirror !== undefined) return mirrorUrl(mirror, archive, version);
  const index = upstreamIndex();
  if (index === null) throw new Error('no address is known to fetch from: give --mirror URL or --from DIR');
  return mirrorUrl(await feedFolder(index), archive, version);
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash).catch((error: unknown) => {
    throw new Error(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  });
  return hash.digest('hex');
}
