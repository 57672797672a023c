// Names in the zip archive that exporters append to a .tflite.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { deflateRawSync } from 'node:zlib';

import t, { type Test } from 'tap';

import { parseNames } from '../../src/models/names.js';
import { tfliteNames } from '../../src/models/tflite-names.js';

interface Part {
  readonly name: string;
  readonly text: string;
  readonly deflated?: boolean;
}

const model = Buffer.concat([Buffer.from('\u001c\0\0\0TFL3', 'latin1'), Buffer.alloc(5000, 7)]);

/** A model with an archive behind it; `apart` counts offsets from the archive's start. */
function tflite(parts: readonly Part[], { apart = false, comment = '' } = {}): Buffer {
  const bodies: Buffer[] = [];
  const entries: Buffer[] = [];
  let at = apart ? 0 : model.length;
  for (const { name, text, deflated = false } of parts) {
    const packed = deflated ? deflateRawSync(text) : Buffer.from(text);
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(deflated ? 8 : 0, 4);
    fields.writeUInt32LE(packed.length, 14);
    fields.writeUInt32LE(Buffer.byteLength(text), 18);
    fields.writeUInt16LE(name.length, 22);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(at, 10);
    entries.push(Buffer.from('PK\u0001\u0002\u0014\0', 'latin1'), fields, tail, Buffer.from(name));
    const body = Buffer.concat([Buffer.from('PK\u0003\u0004', 'latin1'), fields, Buffer.from(name), packed]);
    bodies.push(body);
    at += body.length;
  }
  const directory = Buffer.concat(entries);
  const end = Buffer.alloc(22);
  end.write('PK\u0005\u0006', 'latin1');
  end.writeUInt16LE(parts.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(at, 16);
  end.writeUInt16LE(comment.length, 20);
  return Buffer.concat([model, ...bodies, directory, end, Buffer.from(comment)]);
}

async function namesOf(t: Test, bytes: Buffer): Promise<readonly string[] | undefined> {
  const file = path.join(t.testdir(), 'm.tflite');
  writeFileSync(file, bytes);
  const names = await tfliteNames(file);
  return names === undefined ? undefined : parseNames(names);
}

const python = `{'stride': 32, 'task': 'detect', 'names': {0: 'person', 1: "driver's } seat"}, 'imgsz': [640, 640]}`;
const json = JSON.stringify({ names: { 0: 'person', 1: 'car "x" }' }, stride: 32 });

t.test('a Python dictionary and JSON, stored and deflated', async (t) => {
  for (const deflated of [false, true]) {
    for (const options of [{}, { apart: true }, { comment: 'made by hand' }]) {
      const old = tflite([{ name: 'temp_meta.txt', text: python, deflated }], options);
      t.same(await namesOf(t, old), ['person', "driver's } seat"]);
      const other = { name: 'other.bin', text: 'x'.repeat(1000) };
      const now = tflite([other, { name: 'metadata.json', text: json, deflated }], options);
      t.same(await namesOf(t, now), ['person', 'car "x" }']);
    }
  }
  const list = [{ name: 'metadata.json', text: '{"names":["a","b"]}' }];
  t.same(await namesOf(t, tflite(list)), ['a', 'b']);
});

t.test('no archive, no names, and archives that lie', async (t) => {
  t.equal(await namesOf(t, model), undefined);
  t.equal(await namesOf(t, Buffer.alloc(0)), undefined);
  t.equal(await namesOf(t, tflite([{ name: 'metadata.json', text: '{"names":{"0":"a"' }])), undefined);
  t.equal(await namesOf(t, tflite([{ name: 'metadata.json', text: '{}' }])), undefined);
  t.equal(await namesOf(t, tflite([{ name: 'labels.txt', text: python }])), undefined);
  const bomb = `{"names":["${'a'.repeat(20_000_000)}"]}`;
  t.equal(await namesOf(t, tflite([{ name: 'metadata.json', text: bomb, deflated: true }])), undefined);
  const whole = tflite([{ name: 'temp_meta.txt', text: python, deflated: true }]);
  for (let at = model.length; at < whole.length; at += 1) {
    const damaged = Buffer.from(whole);
    damaged[at] = (damaged[at] ?? 0) ^ 0xff;
    await t.resolves(namesOf(t, damaged).catch((error: unknown) => t.match(error, { code: 'MODEL_LABELS_MISSING' })));
    await t.resolves(namesOf(t, whole.subarray(0, at)));
  }
});
