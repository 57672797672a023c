import type { Size } from '../detection/detection.js';
import { Engine, Ticket } from '../engine/engine.js';

/** The size of an upright picture, by decoding it. Errors: IMAGE_*. */
export async function decodedSize(bytes: Buffer): Promise<Size> {
  const engine = new Engine({ decodeThreads: 1 });
  try {
    const image = await engine.decode(bytes, new Ticket());
    const { width, height } = image;
    image.release();
    return { width, height };
  } finally {
    await engine.close();
  }
}
