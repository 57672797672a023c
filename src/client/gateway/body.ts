/** Bodies of requests, as clients of every generation send them. */
import { randomUUID } from 'node:crypto';

export interface Body {
  readonly type: string;
  readonly bytes: Buffer;
}

/** An uploaded part of a form. */
export interface FilePart {
  readonly name: string;
  readonly filename: string;
  readonly bytes: Uint8Array;
}

export type Fields = Readonly<Record<string, string>>;

export function jsonBody(value: unknown): Body {
  return { type: 'application/json', bytes: Buffer.from(JSON.stringify(value)) };
}

export function urlencodedBody(fields: Fields): Body {
  return {
    type: 'application/x-www-form-urlencoded',
    bytes: Buffer.from(new URLSearchParams(fields).toString()),
  };
}

/** Names and filenames are the client's own and need no escaping. */
export function multipartBody(fields: Fields, file: FilePart): Body {
  const boundary = `zmdetect-${randomUUID()}`;
  const texts = Object.entries(fields).map(([name, value]) => `${opening(boundary, `name="${name}"`)}\r\n${value}\r\n`);
  const head = `${opening(boundary, `name="${file.name}"; filename="${file.filename}"`)}Content-Type: application/octet-stream\r\n\r\n`;
  return {
    type: `multipart/form-data; boundary=${boundary}`,
    bytes: Buffer.concat([Buffer.from(texts.join('') + head), file.bytes, Buffer.from(`\r\n--${boundary}--\r\n`)]),
  };
}

function opening(boundary: string, disposition: string): string {
  return `--${boundary}\r\nContent-Disposition: form-data; ${disposition}\r\n`;
}
