/** Requests as bytes, made once. */

export type Headers = Readonly<Record<string, string>>;

const boundary = 'zmdetect-bench';

function request(line: string, headers: Headers, body: Uint8Array): Uint8Array {
  const lines = Object.entries({ host: '127.0.0.1', ...headers, 'content-length': String(body.length) });
  const head = `${line} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
  return Buffer.concat([Buffer.from(head), body]);
}

export function get(path: string): Uint8Array {
  return Buffer.from(`GET ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n`);
}

export function postJson(path: string, value: unknown, headers: Headers = {}): Uint8Array {
  return request(
    `POST ${path}`,
    { 'content-type': 'application/json', ...headers },
    Buffer.from(JSON.stringify(value)),
  );
}

/** A form with text fields and at most one picture. */
export function postForm(
  path: string,
  fields: Readonly<Record<string, string>>,
  file?: { readonly name: string; readonly filename: string; readonly bytes: Uint8Array },
  headers: Headers = {},
): Uint8Array {
  const start = `--${boundary}\r\ncontent-disposition: form-data; name=`;
  const parts: Uint8Array[] = Object.entries(fields).map(([name, value]) =>
    Buffer.from(`${start}"${name}"\r\n\r\n${value}\r\n`),
  );
  if (file !== undefined) {
    const type = 'content-type: application/octet-stream';
    parts.push(Buffer.from(`${start}"${file.name}"; filename="${file.filename}"\r\n${type}\r\n\r\n`), file.bytes);
    parts.push(Buffer.from('\r\n'));
  }
  parts.push(Buffer.from(`--${boundary}--\r\n`));
  return request(
    `POST ${path}`,
    { 'content-type': `multipart/form-data; boundary=${boundary}`, ...headers },
    Buffer.concat(parts),
  );
}
