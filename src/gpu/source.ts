/** Where the archive comes from: a mirror that the user names, or the feed that onnxruntime-node itself would use. */
import { createRequire } from 'node:module';
import { z } from 'zod';

import { request } from './http.js';
import { type Archive, archiveFile } from './manifest.js';

/** `mirror` is the archive's own address, or that of a folder in which packages lie as NuGet feeds have them. */
export function mirrorUrl(mirror: string, archive: Archive, version: string): URL {
  const url = URL.canParse(mirror) ? new URL(mirror) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new Error(`expected an http or https address for --mirror, got ${JSON.stringify(mirror)}`);
  }
  if (url.pathname.endsWith('.nupkg')) return url;
  url.pathname = [url.pathname.replace(/\/$/, ''), archive.package, version, archiveFile(archive, version)].join('/');
  return url;
}

const metadata = z.object({ feeds: z.object({ nuget: z.object({ index: z.url() }) }) });
const index = z.object({ resources: z.array(z.object({ '@id': z.string(), '@type': z.string() })) });

/** The index of the feed that the installed onnxruntime-node names; null where the package is not there, or has none. */
export function upstreamIndex(): string | null {
  try {
    return metadata.parse(createRequire(import.meta.url)('onnxruntime-node/script/install-metadata.js')).feeds.nuget
      .index;
  } catch {
    return null;
  }
}

/** Asks a NuGet index for the folder of its packages. */
export async function feedFolder(indexUrl: string): Promise<string> {
  const response = await request(new URL(indexUrl), {});
  if (!response.ok) throw new Error(`${indexUrl} answered ${response.status}`);
  const { resources } = index.parse(await response.json());
  const folder = resources.find((resource) => resource['@type'] === 'PackageBaseAddress/3.0.0')?.['@id'];
  if (folder === undefined) throw new Error(`${indexUrl} names no folder of packages`);
  return folder;
}
