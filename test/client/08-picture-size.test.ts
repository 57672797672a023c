import { readFileSync } from 'node:fs';
import t from 'tap';

import { decodedSize } from '../../src/client/decoded-size.js';
import { headerSize } from '../../src/client/picture-size.js';
import { pictures } from '../support/shapes.js';

const sideways = readFileSync('test/fixtures/shapes/shapes-03-320x240.jpg');

/** EXIF with an orientation only. */
function exif(orientation: number, little: boolean): Buffer {
  const tiff = Buffer.alloc(26);
  tiff.write(little ? 'II' : 'MM', 0, 'latin1');
  const put16 = (value: number, at: number) => (little ? tiff.writeUInt16LE(value, at) : tiff.writeUInt16BE(value, at));
  const put32 = (value: number, at: number) => (little ? tiff.writeUInt32LE(value, at) : tiff.writeUInt32BE(value, at));
  put16(42, 2);
  put32(8, 4);
  put16(1, 8);
  put16(0x0112, 10);
  put16(3, 12);
  put32(1, 14);
  put16(orientation, 18);
  return tiff;
}

function withExif(jpeg: Buffer, orientation: number, little: boolean): Buffer {
  const content = Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), exif(orientation, little)]);
  const head = Buffer.from([0xff, 0xe1, 0, content.length + 2]);
  return Buffer.concat([jpeg.subarray(0, 2), head, content, jpeg.subarray(2)]);
}

t.test('pictures of known size', async (t) => {
  for (const { name, bytes, width, height } of pictures) t.strictSame(headerSize(bytes), { width, height }, name);
});

t.test('EXIF turns the picture, as it does in the engine', async (t) => {
  for (const little of [true, false]) {
    for (let orientation = 1; orientation <= 8; orientation++) {
      const bytes = withExif(sideways, orientation, little);
      const expected = orientation < 5 ? { width: 320, height: 240 } : { width: 240, height: 320 };
      t.strictSame(headerSize(bytes), expected, `orientation ${orientation}`);
      t.strictSame(await decodedSize(bytes), expected, `orientation ${orientation}, decoded`);
    }
  }
});

t.test('PNG', async (t) => {
  const chunk = (type: string, content: Buffer) => {
    const head = Buffer.alloc(8);
    head.writeUInt32BE(content.length);
    head.write(type, 4, 'latin1');
    return Buffer.concat([head, content, Buffer.alloc(4)]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(70, 0);
  header.writeUInt32BE(50, 4);
  const magic = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
  const pixels = chunk('IDAT', Buffer.alloc(3));
  t.strictSame(headerSize(Buffer.concat([magic, chunk('IHDR', header), pixels])), { width: 70, height: 50 });
  const turned = [magic, chunk('IHDR', header), chunk('tEXt', Buffer.alloc(9)), chunk('eXIf', exif(6, false)), pixels];
  t.strictSame(headerSize(Buffer.concat(turned)), { width: 50, height: 70 });
});

t.test('what is cut off, or neither JPEG nor PNG, is left to the engine', async (t) => {
  for (const bytes of [Buffer.alloc(0), Buffer.from('BM'), Buffer.from('GIF89a'), Buffer.alloc(100)]) {
    t.equal(headerSize(bytes), undefined);
  }
  for (let length = 0; length < 150; length += 7) t.equal(headerSize(sideways.subarray(0, length)), undefined);
  const pnm = Buffer.from(`P5 3 2 255\n${'x'.repeat(6)}`);
  t.equal(headerSize(pnm), undefined);
  t.strictSame(await decodedSize(pnm), { width: 3, height: 2 });
  await t.rejects(decodedSize(Buffer.from('text')), { code: 'IMAGE_UNDECODABLE' });
});
