/** Whether an ONNX file is whole: protobuf says the length of each field, so that a download cut off can be told. */
import type { FileHandle } from 'node:fs/promises';

/** Fields of a model itself; an ordinary one has about ten. */
const mostFields = 10_000;

/**
 * The bytes that the file would need at least; undefined where it is whole, or does not begin as an ONNX file does, with
 * the version of its format. Reads the heads of the fields only, whatever the file's size.
 */
export async function neededBytes(file: FileHandle, size: number): Promise<number | undefined> {
  let at = 0;
  for (let field = 0; at < size && field < mostFields; field++) {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(20), 0, 20, at);
    const head = buffer.subarray(0, bytesRead);
    if (field === 0 && head[0] !== 0x08) return undefined;
    const tag = varint(head, 0);
    if (tag === undefined || tag.value >>> 3 === 0) return undefined;
    const end = endOf(head, tag);
    if (end === undefined) return undefined;
    at += end;
  }
  return at > size ? at : undefined;
}

interface Varint {
  readonly value: number;
  /** Where the next byte is. */
  readonly end: number;
}

/** Bytes from the head of a field to the next one; undefined for what protobuf does not have. */
function endOf(head: Buffer, tag: Varint): number | undefined {
  const kind = tag.value & 7;
  if (kind === 1) return tag.end + 8;
  if (kind === 5) return tag.end + 4;
  const number = kind === 0 || kind === 2 ? varint(head, tag.end) : undefined;
  return number && number.end + (kind === 2 ? number.value : 0);
}

/** Up to 2^53, which no file reaches. */
function varint(bytes: Buffer, start: number): Varint | undefined {
  let value = 0;
  for (let i = 0; i < 10; i++) {
    const byte = bytes[start + i];
    if (byte === undefined) return undefined;
    value += (byte & 127) * 2 ** (7 * i);
    if (byte < 128) return Number.isSafeInteger(value) ? { value, end: start + i + 1 } : undefined;
  }
  return undefined;
}
