import { readFileSync } from 'node:fs';
import t from 'tap';

import { bytesOf, startDaemon } from '../support/daemon.js';
import { picture } from '../support/shapes.js';
import { shared } from '../support/shared.js';

const { bytes: jpeg } = picture('shapes-10');
const undecodable = '{"detail":"Could not decode image"}';

/** The JPEG with other numbers in its frame header. */
function declaring(height: number, width: number): Uint8Array<ArrayBuffer> {
  const bytes = Buffer.from(jpeg);
  const header = bytes.indexOf(Buffer.from([0xff, 0xc0]));
  bytes.writeUInt16BE(height, header + 5);
  bytes.writeUInt16BE(width, header + 7);
  return new Uint8Array(bytes);
}

const broken: ReadonlyArray<readonly [what: string, bytes: Uint8Array<ArrayBuffer>]> = [
  ['text', new TextEncoder().encode('<html><body>Please log in</body></html>')],
  ['one byte', new Uint8Array([0xff])],
  ["a JPEG's first two bytes", jpeg.slice(0, 2)],
  ['a JPEG cut within its header', jpeg.slice(0, 300)],
  ['a JPEG cut in half', jpeg.slice(0, jpeg.length / 2)],
  ['a PNG signature', new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])],
  ['zeros', new Uint8Array(10_000)],
  ['a GIF header', new TextEncoder().encode('GIF89a')],
  ['a BMP header', new TextEncoder().encode('BM')],
  ['a PNM without pixels', new TextEncoder().encode('P6 100 100 255\n')],
];

t.test('an empty file is told as such', async (t) => {
  const daemon = await startDaemon(t);
  const { status, text, headers } = await daemon.upload({ file: new Uint8Array() });
  t.equal(status, 400);
  t.equal(text, '{"detail":"Empty file"}');
  t.equal(headers.get('x-error-code'), 'IMAGE_EMPTY');
});

t.test('what is no picture cannot be decoded, and the log says why', async (t) => {
  const daemon = await startDaemon(t);
  for (const [what, bytes] of broken) {
    const { status, text, headers } = await daemon.upload({ file: bytes });
    t.equal(status, 400, what);
    t.equal(text, undecodable);
    const [line] = daemon.logged({ msg: 'request', id: headers.get('x-request-id') });
    t.match(line, { status: 400, code: 'IMAGE_UNDECODABLE', reason: /\w/ });
  }
  t.equal((await daemon.upload({ file: jpeg })).status, 200, 'and the next picture is read');
});

t.test('a header that declares too many pixels is refused before memory is taken', async (t) => {
  const daemon = await startDaemon(t);
  const before = process.memoryUsage.rss();
  for (const [height, width] of [
    [65_500, 65_500],
    [65_500, 1000],
  ] as const) {
    const { status, headers, json } = await daemon.upload({ file: declaring(height, width) });
    t.equal(status, 400);
    t.equal(headers.get('x-error-code'), 'IMAGE_TOO_LARGE');
    t.match(json, { detail: /^Could not decode image: .*65500/ });
  }
  t.ok(process.memoryUsage.rss() - before < 300e6, 'far from the 12 GB that were declared');
});

t.test('the limit of pixels is the configured one', async (t) => {
  const { bytes, width, height } = picture('shapes-03');
  const daemon = await startDaemon(t, { max_image_pixels: width * height });
  t.equal((await daemon.upload({ file: bytes })).status, 200);
  t.equal((await daemon.upload({ file: jpeg })).headers.get('x-error-code'), 'IMAGE_TOO_LARGE');
});

for (const file of ['bomb_header_65500.jpg', 'bomb_header_60000.png', 'bomb_65536x65536.png', 'truncated_half.jpg']) {
  const edge = shared(`images/edge/${file}`);
  t.test(`${file} is refused`, { skip: edge.skip }, async (t) => {
    const daemon = await startDaemon(t);
    const { status, json } = await daemon.upload({ file: new Uint8Array(readFileSync(edge.path)) });
    t.equal(status, 400);
    t.match(json, { detail: /^Could not decode image/ });
  });
}

t.test('zones are looked at after the picture', async (t) => {
  const daemon = await startDaemon(t);
  const zones = 'no JSON';
  t.equal((await daemon.upload({ zones, file: new Uint8Array() })).text, '{"detail":"Empty file"}');
  t.equal((await daemon.upload({ zones, file: bytesOf('package.json') })).text, undecodable);
});
