/** Reading class names: label files of both styles, and the `names` that YOLO exporters write into ONNX files. */
import { open } from 'node:fs/promises';
import { ZmdetectError } from '../errors.js';

export { parseOnnxNames } from './onnx-names.js';

/** `plain`: one name a line, the line's number is the class. `indexed`: `<class> <name>`, as Coral's files have it. */
export type LabelStyle = 'plain' | 'indexed';

export function labelStyle(framework: string): LabelStyle {
  return framework === 'coral_edgetpu' || framework === 'face_tpu' ? 'indexed' : 'plain';
}

/** Bytes of a label file; more is not a label file. */
export const maxLabelBytes = 1024 * 1024;
/** One more than the highest class number taken. */
export const maxClasses = 65_536;

/**
 * The names by class number. Throws ZmdetectError MODEL_LABELS_MISSING when the file cannot be read, has more than
 * `maxLabelBytes`, is not UTF-8, holds no name, or breaks its style.
 */
export async function readLabels(path: string, style: LabelStyle): Promise<string[]> {
  const text = decode(await readSome(path), path);
  return style === 'indexed' ? parseIndexedLabels(text, path) : parsePlainLabels(text, path);
}

/** Reads no further than the limit, so that a device or an endless pipe cannot hold the server. */
async function readSome(path: string): Promise<Buffer> {
  const buffer = Buffer.alloc(maxLabelBytes + 1);
  let length = 0;
  try {
    const file = await open(path);
    try {
      for (let read = -1; read !== 0 && length < buffer.length; length += read) {
        ({ bytesRead: read } = await file.read(buffer, length));
      }
    } finally {
      await file.close();
    }
  } catch (error) {
    throw fault(path, `cannot be read: ${(error as NodeJS.ErrnoException).code ?? String(error)}`, error);
  }
  if (length > maxLabelBytes) throw fault(path, `has more than ${maxLabelBytes} bytes`);
  return buffer.subarray(0, length);
}

function decode(bytes: Buffer, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw fault(path, 'is not UTF-8 text', error);
  }
}

function fault(path: string, what: string, cause?: unknown): ZmdetectError {
  return new ZmdetectError('MODEL_LABELS_MISSING', { reason: `the label file ${path} ${what}` }, { cause });
}

/** Lines as Python's text files have them: the last line break ends a line and begins none. */
function linesOf(text: string): string[] {
  const lines = text.split(/\r\n|\n|\r/);
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

/** Blank lines keep their class number, with an empty name. `path` is only for messages. */
export function parsePlainLabels(text: string, path: string): string[] {
  const labels = linesOf(text).map((line) => line.trim());
  if (labels.every((label) => label === '')) throw fault(path, 'holds no names');
  if (labels.length > maxClasses) throw fault(path, `has more than ${maxClasses} lines`);
  return labels;
}

/** A class that the file leaves out is named by its number. `path` is only for messages. */
export function parseIndexedLabels(text: string, path: string): string[] {
  const labels: string[] = [];
  for (const [index, line] of linesOf(text).entries()) {
    if (line.trim() === '') continue;
    const [, digits, label] = /^\s*(\d+)[ \t]+(.*)$/.exec(line) ?? [];
    const id = Number(digits);
    if (label === undefined || id >= maxClasses) {
      throw fault(path, `has ${JSON.stringify(line.slice(0, 60))} in line ${index + 1}: expected <number> <name>`);
    }
    while (labels.length < id) labels.push(String(labels.length));
    labels[id] = label.trim();
  }
  if (labels.length === 0) throw fault(path, 'holds no names');
  return labels;
}
