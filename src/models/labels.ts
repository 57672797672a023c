/** Reading label files of every style that people have. */
import { open } from 'node:fs/promises';
import { ZmdetectError } from '../errors.js';
import { limits } from '../limits.js';
import { parseNames } from './names.js';

/**
 * `plain`: one name a line, the line's number is the class. `indexed`: `<class> <name>`, as Coral's files have it. A file
 * that is wholly of the other style is read as what it is.
 */
export type LabelStyle = 'plain' | 'indexed';

export function labelStyle(framework: string): LabelStyle {
  return framework === 'coral_edgetpu' || framework === 'face_tpu' ? 'indexed' : 'plain';
}

const maxBytes = limits.labelBytes.value;
const maxClasses = limits.labels.value;

/** Takes a whole sentence for the log. */
export type Warn = (sentence: string) => void;

/**
 * The names by class number. Throws ZmdetectError MODEL_LABELS_MISSING when the file cannot be read, is too large, is not
 * text, holds no name, or breaks its style.
 */
export async function readLabels(path: string, style: LabelStyle, warn: Warn = () => undefined): Promise<string[]> {
  const text = decode(await readSome(path), path, warn);
  if (/^\s*[{[(]/.test(text)) return parseNames(text);
  if (/^\s*item\s*\{/.test(text)) throw fault(path, 'is a TensorFlow label map: write one "<number> <name>" a line');
  const lines = linesOf(text);
  const written = lines.filter((line) => line.trim() !== '');
  const indexed = style === 'indexed' ? written.some((line) => /^\s*\d/.test(line)) : isNumbered(written);
  return indexed ? parseIndexedLabels(text, path) : parsePlainLabels(text, path);
}

/** Reads no further than the limit, so that a device or an endless pipe cannot hold the server. */
async function readSome(path: string): Promise<Buffer> {
  const buffer = Buffer.alloc(maxBytes + 1);
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
  if (length > maxBytes) throw fault(path, `has more than ${maxBytes} bytes`);
  return buffer.subarray(0, length);
}

/** UTF-8, UTF-16 with its mark, as Windows' editor writes it, else Latin-1; a NUL belongs in none of them. */
function decode(bytes: Buffer, path: string, warn: Warn): string {
  const first = bytes.readUInt16BE.bind(bytes);
  const isWide = bytes.length >= 2 && [0xfffe, 0xfeff].includes(first(0));
  const encoding = !isWide ? 'utf-8' : first(0) === 0xfffe ? 'utf-16le' : 'utf-16be';
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch (error) {
    if (isWide || bytes.includes(0)) throw fault(path, 'is not UTF-8 text', error);
  }
  warn(`the label file ${path} is not UTF-8 and is read as Latin-1: save it as UTF-8`);
  return new TextDecoder('windows-1252').decode(bytes);
}

function fault(path: string, what: string, cause?: unknown): ZmdetectError {
  return new ZmdetectError('MODEL_LABELS_MISSING', { reason: `the label file ${path} ${what}` }, { cause });
}

/** Without the blank lines at the end. */
function linesOf(text: string): string[] {
  const lines = text.split(/\r\n|\n|\r/);
  while (lines.at(-1)?.trim() === '') lines.pop();
  return lines;
}

const numbered = /^\s*(\d+)(?:\s*[:,]\s*|\s+)(.*)$/;

/** `0  person`: every line begins with a number of its own, the lowest is 0 or 1. */
function isNumbered(lines: readonly string[]): boolean {
  const ids = lines.map((line) => Number(numbered.exec(line)?.[1] ?? Number.NaN));
  const lowest = ids.reduce((least, id) => Math.min(least, id), Infinity);
  return lowest <= 1 && new Set(ids).size === ids.length;
}

/**
 * Blank lines keep their class number, with an empty name, but for those at the end. A single line with commas is a list.
 * `path` is only for messages.
 */
export function parsePlainLabels(text: string, path: string): string[] {
  const lines = linesOf(text);
  const labels = (lines.length === 1 ? (lines[0] ?? '').split(',') : lines).map((line) => line.trim());
  if (labels.every((label) => label === '')) throw fault(path, 'holds no names');
  if (labels.length > maxClasses) throw fault(path, `has more than ${maxClasses} lines`);
  return labels;
}

/** A class that the file leaves out is named by its number. `path` is only for messages. */
export function parseIndexedLabels(text: string, path: string): string[] {
  const labels: string[] = [];
  for (const [index, line] of linesOf(text).entries()) {
    if (line.trim() === '') continue;
    const [, digits, label] = numbered.exec(line) ?? [];
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
