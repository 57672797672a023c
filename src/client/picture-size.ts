/** The size of an upright picture from its first bytes, without decoding it. */
import type { Size } from '../detection/detection.js';

/**
 * In pixels, after turning as EXIF says. undefined for what is neither JPEG nor PNG, or is broken: the engine knows more
 * formats.
 */
export function headerSize(bytes: Uint8Array): Size | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    if (view.getUint16(0) === 0xffd8) return jpegSize(view);
    if (view.getUint32(0) === 0x89504e47 && view.getUint32(4) === 0x0d0a1a0a) return pngSize(view);
  } catch (error) {
    // A DataView throws where the bytes end too early.
    if (!(error instanceof RangeError)) throw error;
  }
  return undefined;
}

/** Segments up to the frame header: marker, length, content. */
function jpegSize(view: DataView): Size | undefined {
  let orientation = 1;
  let offset = 2;
  for (;;) {
    if (view.getUint8(offset) !== 0xff) return undefined;
    const marker = view.getUint8(offset + 1);
    // Fill bytes, and markers that stand alone.
    if (marker === 0xff || marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7)) {
      offset += marker === 0xff ? 1 : 2;
      continue;
    }
    const length = view.getUint16(offset + 2);
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) return upright(view.getUint16(offset + 7), view.getUint16(offset + 5), orientation);
    const isExif = marker === 0xe1 && view.getUint32(offset + 4) === 0x45786966;
    if (isExif && orientation === 1) orientation = orientationOf(view, offset + 10);
    offset += 2 + length;
  }
}

/** Chunks up to the pixels: length, type, content, checksum. */
function pngSize(view: DataView): Size | undefined {
  let orientation = 1;
  for (let offset = 8; ; offset += 12 + view.getUint32(offset)) {
    const type = view.getUint32(offset + 4);
    if (type === 0x65584966) orientation = orientationOf(view, offset + 8);
    if (type === 0x49444154 || type === 0x49454e44) break;
  }
  return upright(view.getUint32(16), view.getUint32(20), orientation);
}

/** Tag 0x0112 of the TIFF directory that EXIF begins with; 1 where there is none. */
function orientationOf(view: DataView, start: number): number {
  const little = view.getUint16(start) === 0x4949;
  const directory = start + view.getUint32(start + 4, little);
  const entries = view.getUint16(directory, little);
  for (let entry = directory + 2; entry < directory + 2 + 12 * entries; entry += 12) {
    if (view.getUint16(entry, little) === 0x0112) return view.getUint16(entry + 8, little);
  }
  return 1;
}

/** 5 to 8 turn the picture on its side. */
function upright(width: number, height: number, orientation: number): Size | undefined {
  if (width === 0 || height === 0) return undefined;
  return orientation >= 5 && orientation <= 8 ? { width: height, height: width } : { width, height };
}
