/**
 * The names inside a `.tflite`. Exporters of YOLO append a zip archive to the model, in which `metadata.json` (JSON) or
 * `temp_meta.txt` (a Python dictionary) has the key `names`. A reader of zip archives would refuse what stands before it.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { promisify } from 'node:util';
import { inflateRaw } from 'node:zlib';

import { limits } from '../limits.js';

const inflate = promisify(inflateRaw);
const maxBytes = limits.labelBytes.value;

/** Layout of the records, from the end of the file forwards: PKWARE's APPNOTE, sections 4.3.7, 4.3.12 and 4.3.16. */
const endRecord = { signature: 0x06054b50, bytes: 22, longestComment: 65_535 };
const directoryEntry = { signature: 0x02014b50, bytes: 46 };
const localHeader = { signature: 0x04034b50, bytes: 30 };

/** Text for `parseNames`; undefined where the file ends in no such archive, or the archive holds no names. */
export async function tfliteNames(path: string): Promise<string | undefined> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    for (const entry of await directory(file, size)) {
      if (entry.name !== 'metadata.json' && entry.name !== 'temp_meta.txt') continue;
      const text = await content(file, size, entry);
      const names = text === undefined ? undefined : namesIn(text);
      if (names !== undefined) return names;
    }
    return undefined;
  } finally {
    await file.close();
  }
}

interface Entry {
  readonly name: string;
  readonly deflated: boolean;
  readonly bytes: number;
  readonly offset: number;
}

async function directory(file: FileHandle, size: number): Promise<Entry[]> {
  const tail = await read(file, Math.max(0, size - endRecord.bytes - endRecord.longestComment), size);
  const end = tail.lastIndexOf(Buffer.from('PK\u0005\u0006', 'latin1'));
  if (end < 0 || end + endRecord.bytes > tail.length) return [];
  const directoryBytes = tail.readUInt32LE(end + 12);
  const directoryEnd = size - tail.length + end;
  if (directoryBytes > Math.min(directoryEnd, maxBytes)) return [];
  const directoryStart = directoryEnd - directoryBytes;
  // Offsets count from the file's start, or from the archive's where it was made apart and appended.
  const before = directoryStart - tail.readUInt32LE(end + 16);
  const bytes = await read(file, directoryStart, directoryEnd);
  const entries: Entry[] = [];
  for (let at = 0; at + directoryEntry.bytes <= bytes.length;) {
    if (bytes.readUInt32LE(at) !== directoryEntry.signature) break;
    const nameBytes = bytes.readUInt16LE(at + 28);
    const method = bytes.readUInt16LE(at + 10);
    const name = bytes.toString('utf8', at + directoryEntry.bytes, at + directoryEntry.bytes + nameBytes);
    const entry = { bytes: bytes.readUInt32LE(at + 20), offset: before + bytes.readUInt32LE(at + 42) };
    if (method === 0 || method === 8) entries.push({ name, deflated: method === 8, ...entry });
    at += directoryEntry.bytes + nameBytes + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
  }
  return entries;
}

async function content(file: FileHandle, size: number, entry: Entry): Promise<string | undefined> {
  if (entry.bytes > maxBytes || entry.offset < 0) return undefined;
  const header = await read(file, entry.offset, entry.offset + localHeader.bytes);
  if (header.length < localHeader.bytes || header.readUInt32LE(0) !== localHeader.signature) return undefined;
  const start = entry.offset + localHeader.bytes + header.readUInt16LE(26) + header.readUInt16LE(28);
  if (start + entry.bytes > size) return undefined;
  const packed = await read(file, start, start + entry.bytes);
  if (!entry.deflated) return packed.toString('utf8');
  const unpacked = await inflate(packed, { maxOutputLength: maxBytes }).catch(() => undefined);
  return unpacked?.toString('utf8');
}

async function read(file: FileHandle, from: number, to: number): Promise<Buffer> {
  const { bytesRead, buffer } = await file.read(Buffer.alloc(Math.max(0, to - from)), 0, undefined, from);
  return buffer.subarray(0, bytesRead);
}

/** What stands behind the key `names` in JSON or a Python dictionary, brackets included. */
function namesIn(text: string): string | undefined {
  const key = /["']names["']\s*:\s*(?=[{[(])/.exec(text);
  if (key === null) return undefined;
  const start = key.index + key[0].length;
  let depth = 0;
  for (const { 0: part, index } of text.slice(start).matchAll(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[{[(]|[}\])]/gs)) {
    if (/^[{[(]/.test(part)) depth += 1;
    else if (/^[}\])]/.test(part)) depth -= 1;
    if (depth === 0) return text.slice(start, start + index + part.length);
  }
  return undefined;
}
