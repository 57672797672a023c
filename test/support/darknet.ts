/** Small Darknet networks, written on the spot. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const head = `[net]
width=32
height=32
channels=3
[convolutional]
filters=6
size=1
stride=32
activation=linear
`;

/** One anchor and one class for each square of 32 pixels, as version 3 and later have it. */
export const yoloCfg = `${head}[yolo]
mask=0
anchors=16,16
classes=1
num=1
`;

/** The same in version 2, which OpenCV knows and our importer does not. */
export const regionCfg = `${head}[region]
anchors=1,1
classes=1
num=1
coords=4
softmax=1
`;

/** Six biases, 18 weights: what is seen does not count, and every square is sure of its box. */
export function weights(floats = 24): Buffer {
  const values = Float32Array.from({ length: floats }, (_, i) => (i === 4 || i === 5 ? 4 : 0));
  const header = Buffer.alloc(20);
  header.writeInt32LE(2, 4);
  return Buffer.concat([header, Buffer.from(values.buffer)]);
}

/** Writes `<folder>/<name>/<name>.cfg`, `.weights` and `.names`; `--models all` on the folder then finds it. */
export function writeDarknet(folder: string, name: string, cfg: string, bytes = weights()): string {
  const own = path.join(folder, name);
  mkdirSync(own, { recursive: true });
  writeFileSync(path.join(own, `${name}.cfg`), cfg);
  writeFileSync(path.join(own, `${name}.weights`), bytes);
  writeFileSync(path.join(own, `${name}.names`), 'thing\n');
  return path.join(own, `${name}.weights`);
}
