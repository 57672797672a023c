import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { limits } from '../../src/limits.js';
import { labelStyle, parseIndexedLabels, parsePlainLabels, readLabels } from '../../src/models/labels.js';

const maxLabelBytes = limits.labelBytes.value;
const plain = (text: string) => parsePlainLabels(text, 'a.names');
const indexed = (text: string) => parseIndexedLabels(text, 'a.txt');

t.test('a plain file has one name a line, without the blanks around it', async (t) => {
  t.strictSame(plain('person\n bicycle \ntraffic light\n'), ['person', 'bicycle', 'traffic light']);
  t.strictSame(plain('person\nbicycle'), ['person', 'bicycle'], 'the last line needs no end');
  t.strictSame(plain('person\r\nbicycle\r\n'), ['person', 'bicycle'], 'from Windows');
  t.strictSame(plain('käse\n日本'), ['käse', '日本']);
});

t.test('blank lines keep their class number, but for those at the end', async (t) => {
  t.strictSame(plain('person\n\ncar\n\n \n\r\n'), ['person', '', 'car']);
});

t.test('a file without names is refused', async (t) => {
  for (const text of ['', '\n', '  \n\n']) {
    t.throws(() => plain(text), {
      code: 'MODEL_LABELS_MISSING',
      message: /a\.names holds no names/,
    });
    t.throws(() => indexed(text), {
      code: 'MODEL_LABELS_MISSING',
      message: /a\.txt holds no names/,
    });
  }
});

t.test('an indexed file names the class in front', async (t) => {
  t.strictSame(indexed('0  person\n1 bicycle\n'), ['person', 'bicycle']);
  t.strictSame(indexed('1 b \n0 a c\n'), ['a c', 'b'], 'in any order, names with blanks');
  t.strictSame(indexed('0 a\n\n1 b\n\n'), ['a', 'b'], 'blank lines do no harm');
  t.strictSame(indexed('0 a\n0 b\n'), ['b'], 'the last one counts');
});

t.test('a class that an indexed file leaves out is named by its number', async (t) => {
  t.strictSame(indexed('1 b\n3 d\n'), ['0', 'b', '2', 'd']);
});

t.test('another line in an indexed file is refused, with its number', async (t) => {
  for (const line of ['person', '1', 'x person', '-1 person', '1.5 person', '65536 person', '99999999999 x']) {
    t.throws(() => indexed(`0 a\n${line}\n`), {
      code: 'MODEL_LABELS_MISSING',
      message: `the label file a.txt has ${JSON.stringify(line)} in line 2: expected <number> <name>`,
    });
  }
});

t.test('Coral models have indexed files, all others plain ones', async (t) => {
  t.equal(labelStyle('coral_edgetpu'), 'indexed');
  t.equal(labelStyle('face_tpu'), 'indexed');
  t.equal(labelStyle('opencv'), 'plain');
});

t.test('files are read in their style', async (t) => {
  const directory = t.testdir({ 'a.names': '\ufeff0 person\n1 car\n' });
  for (const style of ['plain', 'indexed'] as const) {
    t.strictSame(await readLabels(join(directory, 'a.names'), style), ['person', 'car'], style);
  }
});

t.test('a file is read as what it is, whatever the model', async (t) => {
  for (const [text, labels] of [
    ['0  person\n1  bicycle\n', ['person', 'bicycle']],
    ['0: person\r\n1: bicycle\r\n', ['person', 'bicycle']],
    ['0,person\n1,bicycle\n', ['person', 'bicycle']],
    ['1 person\n3 car\n', ['0', 'person', '2', 'car']],
    ['person\nbicycle\n\n\n', ['person', 'bicycle']],
    ["{0: 'person', 1: 'bicycle'}\n", ['person', 'bicycle']],
    ['["person", "bicycle"]', ['person', 'bicycle']],
    ['person, bicycle\n', ['person', 'bicycle']],
  ] as const) {
    const path = join(t.testdir({ 'a.txt': text }), 'a.txt');
    for (const style of ['plain', 'indexed'] as const)
      t.strictSame(await readLabels(path, style), labels, `${JSON.stringify(text)} as ${style}`);
  }
  const mixed = join(t.testdir({ 'a.txt': '3 wheeler\n7 seater\n' }), 'a.txt');
  t.strictSame(await readLabels(mixed, 'plain'), ['3 wheeler', '7 seater'], 'numbers that count nothing are words');
  const map = join(t.testdir({ 'a.pbtxt': "item {\n  id: 1\n  name: 'person'\n}\n" }), 'a.pbtxt');
  await t.rejects(readLabels(map, 'plain'), {
    message: /is a TensorFlow label map: write one "<number> <name>" a line/,
  });
});

t.test('files that are not UTF-8 are read, with a warning', async (t) => {
  const directory = t.testdir({});
  const path = join(directory, 'a.names');
  const read = async (bytes: Buffer) => {
    writeFileSync(path, bytes);
    const warnings: string[] = [];
    return { labels: await readLabels(path, 'plain', (text) => warnings.push(text)), warnings };
  };
  const latin = await read(Buffer.from('piéton\nvoiture\n', 'latin1'));
  t.strictSame(latin.labels, ['piéton', 'voiture']);
  t.strictSame(latin.warnings, [`the label file ${path} is not UTF-8 and is read as Latin-1: save it as UTF-8`]);
  const wide = await read(Buffer.from('\ufeffpiéton\r\nvoiture\r\n', 'utf16le'));
  t.strictSame(wide, { labels: ['piéton', 'voiture'], warnings: [] }, 'as Windows writes Unicode');
  const big = await read(Buffer.from('\ufeffpiéton\n', 'utf16le').swap16());
  t.strictSame(big, { labels: ['piéton'], warnings: [] });
  t.strictSame((await read(Buffer.from('\ufeffperson\n'))).labels, ['person'], 'without the mark of UTF-8');
});

t.test('a file that is too large, not text or not there is refused', async (t) => {
  const directory = t.testdir({
    large: `${'x'.repeat(maxLabelBytes)}\n`,
    full: 'x'.repeat(maxLabelBytes),
    binary: '',
  });
  writeFileSync(join(directory, 'binary'), Buffer.from([0xff, 0xfe, 0x00]));
  t.equal((await readLabels(join(directory, 'full'), 'plain')).length, 1);
  for (const [name, words] of [
    ['large', 'has more than 1048576 bytes'],
    ['binary', 'is not UTF-8 text'],
    ['none', 'cannot be read: ENOENT'],
    ['', 'cannot be read: EISDIR'],
  ] as const) {
    const path = join(directory, name);
    await t.rejects(readLabels(path, 'plain'), {
      code: 'MODEL_LABELS_MISSING',
      message: `the label file ${path} ${words}`,
    });
  }
  await t.rejects(readLabels('/dev/zero', 'plain'), { message: /has more than/ }, 'an endless device');
});
