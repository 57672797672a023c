/** A tiny archive in the shape of upstream's, and a loopback server that can misbehave. */
import { createHash, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import AdmZip from 'adm-zip';
import type { Test } from 'tap';

import type { Manifest } from '../../src/gpu/manifest.js';

export const platform = 'linux-x64';
export const fileName = 'made.up.gpu.1.2.3.nupkg';

/** Bytes that do not compress, so that a download comes in several pieces. */
export const library = randomBytes(200_000);

export function archive(files: readonly string[] = ['cuda.so', 'shared.so']): Buffer {
  const zip = new AdmZip();
  zip.addFile('made.up.nuspec', Buffer.from('<package/>'));
  for (const name of files) zip.addFile(`native/${name}`, library);
  zip.addFile('native/../../evil.so', Buffer.from('never unpacked'));
  return zip.toBuffer();
}

export function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export function manifestFor(hash: string | null): Manifest {
  const files = ['cuda.so', 'shared.so'];
  return {
    version: '1.2.3',
    archives: { [platform]: { package: 'made.up.gpu', sha256: hash, folder: 'native', files } },
  };
}

export interface Mirror {
  readonly url: string;
  /** Path and Range header of each request. */
  readonly asked: readonly { readonly path: string; readonly range: string | undefined }[];
  readonly close: () => void;
}

type Answer = (request: IncomingMessage, response: ServerResponse, count: number) => void;

export async function mirror(t: Test, answer: Answer): Promise<Mirror> {
  const asked: { path: string; range: string | undefined }[] = [];
  const server = createServer((request, response) => {
    asked.push({ path: request.url ?? '', range: request.headers.range });
    answer(request, response, asked.length);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  t.teardown(close);
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, close };
}

/** Answers as a file server does, Range included. */
export function serve(bytes: Buffer): Answer {
  return (request, response) => {
    const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? NaN);
    if (Number.isNaN(start)) response.writeHead(200, { 'content-length': bytes.length }).end(bytes);
    else if (start >= bytes.length) response.writeHead(416, { 'content-range': `bytes */${bytes.length}` }).end();
    else {
      const range = `bytes ${start}-${bytes.length - 1}/${bytes.length}`;
      const headers = { 'content-length': bytes.length - start, 'content-range': range };
      response.writeHead(206, headers).end(bytes.subarray(start));
    }
  };
}

/** Hangs up after `count` bytes of an answer that promises all of them. */
export function cut(bytes: Buffer, count: number): Answer {
  return (_request, response) => {
    response.writeHead(200, { 'content-length': bytes.length });
    response.write(bytes.subarray(0, count), () => response.destroy());
  };
}
