/** What people give as weights and is no model: told by its first bytes, before a runtime says something obscure. */
import type { Stats } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { parse } from 'node:path';
import { ZmdetectError } from '../errors.js';
import { foreignSentence } from './foreign.js';
import { neededBytes } from './onnx-length.js';
import { isWeightPath } from './tree.js';

/** Bytes that are looked at. */
const headBytes = 512;

const text = (pattern: RegExp) => (head: Buffer) => pattern.test(head.toString('latin1'));
const magic = (hex: string) => {
  const bytes = Buffer.from(hex, 'hex');
  return (head: Buffer) => head.subarray(0, bytes.length).equals(bytes);
};

const notModels: readonly (readonly [is: (head: Buffer) => boolean, sentence: string])[] = [
  [
    text(/^version https:\/\/git-lfs/),
    'is a Git LFS pointer and not the model: run "git lfs pull" in the clone, or download the file itself',
  ],
  [
    text(/^(?:\xef\xbb\xbf)?\s*<(?:!doctype html|html|head|body|!--)/i),
    'is a web page and not the model: download the raw file, not the page about it',
  ],
  [text(/^\s*<\?xml/), 'is XML and no model: use the ONNX file that it was made from'],
  [text(/^\s*\{\s*"/), 'is JSON text and no model: the download was answered with a message'],
  [magic('504b0304'), 'is a zip archive (as PyTorch checkpoints are): unpack it, or export the checkpoint to ONNX'],
  [magic('1f8b'), 'is compressed with gzip: unpack it'],
  [magic('425a68'), 'is compressed with bzip2: unpack it'],
  [magic('fd377a585a00'), 'is compressed with xz: unpack it'],
  [magic('28b52ffd'), 'is compressed with zstd: unpack it'],
  [magic('377abcaf271c'), 'is a 7z archive: unpack it'],
  [(head) => head.subarray(257, 262).toString('latin1') === 'ustar', 'is a tar archive: unpack it'],
  [magic('894844460d0a1a0a'), 'is an HDF5 file (as Keras models are): convert it to ONNX or TensorFlow Lite'],
];

/** Throws ZmdetectError MODEL_UNREADABLE with a sentence. A file that is not there or not readable is left to the runtime. */
export async function checkWeightFile(path: string): Promise<void> {
  const entry = await refuseSpecial(path);
  if (entry === null) return;
  if (entry.size === 0) throw unreadable(`${path} is empty: the download failed, fetch it again`);
  const foreign = foreignSentence(path);
  if (foreign !== '') throw unreadable(foreign);
  if (!isWeightPath(path)) {
    throw unreadable(
      `${path} is no weight file by its name: expected .onnx, .tflite or .weights, got ${parse(path).ext || 'no extension'}`,
    );
  }
  const file = await open(path).catch(() => null);
  if (file === null) return;
  try {
    await checkContent(file, path, entry.size);
  } finally {
    await file.close();
  }
}

/** A pipe or a device would be read for ever. Resolves to null where there is no file. Errors: MODEL_UNREADABLE. */
export async function refuseSpecial(path: string): Promise<Stats | null> {
  const entry = await stat(path).catch(() => null);
  if (entry === null || entry.isFile()) return entry;
  if (entry.isDirectory()) throw unreadable(`${path} is a directory: name the weight file in it`);
  throw unreadable(`${path} is ${entry.isFIFO() ? 'a pipe' : 'a device or a socket'}: expected a file`);
}

async function checkContent(file: FileHandle, path: string, size: number): Promise<void> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(headBytes), 0, headBytes, 0);
  const head = buffer.subarray(0, bytesRead);
  const fault = notModels.find(([is]) => is(head))?.[1];
  if (fault !== undefined) throw unreadable(`${path} ${fault}`);
  const isTflite = head.subarray(4, 8).toString('latin1') === 'TFL3';
  if (isTflite && !/\.tflite$/i.test(path)) {
    throw unreadable(`${path} is a TensorFlow Lite model: give it the extension .tflite`);
  }
  const needed = /\.onnx$/i.test(path) ? await neededBytes(file, size) : undefined;
  if (needed !== undefined) {
    throw unreadable(`${path} is cut off: it has ${size} bytes and needs at least ${needed}; fetch it again`);
  }
}

function unreadable(reason: string): ZmdetectError {
  return new ZmdetectError('MODEL_UNREADABLE', { reason });
}
