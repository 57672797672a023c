import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import t from 'tap';

import { createFile, draftOf, FileTooLarge, readLimited, replaceFile, writeFault } from '../../src/files.js';
import { fileNameOf, writeArtefacts } from '../../src/hook/artefacts.js';

t.test('a file is replaced as a whole, with its mode from the start', async (t) => {
  const folder = t.testdir({ 'a.json': 'old' });
  const file = path.join(folder, 'a.json');
  await replaceFile(file, 'new', 0o600);
  t.equal(readFileSync(file, 'utf8'), 'new');
  t.equal(statSync(file).mode & 0o777, 0o600);
  t.strictSame(readdirSync(folder), ['a.json']);
});

t.test('a link in the place of the file is replaced, and what it leads to stays', async (t) => {
  const folder = t.testdir({ precious: 'precious' });
  const [file, target] = [path.join(folder, 'objdetect.jpg'), path.join(folder, 'precious')];
  symlinkSync(target, file);
  await replaceFile(file, 'new');
  t.equal(readFileSync(target, 'utf8'), 'precious');
  t.notOk(lstatSync(file).isSymbolicLink());
});

t.test('a draft has another name each time, and is never opened where something lies', async (t) => {
  const folder = t.testdir({
    precious: 'precious',
    draft: t.fixture('symlink', 'precious'),
    loose: t.fixture('symlink', 'none'),
  });
  const names = new Set(Array.from({ length: 100 }, () => draftOf(path.join(folder, 'x'))));
  t.equal(names.size, 100);
  for (const name of ['precious', 'draft', 'loose']) {
    await t.rejects(createFile(path.join(folder, name), 0o600), { code: 'EEXIST' }, name);
  }
});

t.test('what cannot be written is named with folder and remedy, and leaves no draft', async (t) => {
  const folder = t.testdir({ file: '', taken: { inside: '' } });
  const missing = path.join(folder, 'missing', 'a');
  await t.rejects(replaceFile(missing, ''), {
    message: `cannot write ${missing}: the folder ${path.dirname(missing)} does not exist: create it`,
  });
  const below = path.join(folder, 'file', 'a');
  await t.rejects(replaceFile(below, ''), { message: /file is not a folder: name one$/ });
  await t.rejects(replaceFile(path.join(folder, 'taken'), ''), { message: /a folder of that name is in its place/ });
  t.strictSame(readdirSync(folder).sort(), ['file', 'taken']);
});

t.test('a folder that may not be written is named with the user', { skip: process.getuid?.() === 0 }, async (t) => {
  const folder = t.testdir({ closed: {} });
  const closed = path.join(folder, 'closed');
  chmodSync(closed, 0o500);
  t.teardown(() => chmodSync(closed, 0o700));
  await t.rejects(replaceFile(path.join(closed, 'a'), ''), { message: /may not write into the folder .*closed/ });
});

t.test('each fault has a sentence', async (t) => {
  const fault = (code: string) => writeFault(Object.assign(new Error('secret path'), { code }), '/events/7');
  t.match(fault('EACCES'), /^the user \S+ may not write into the folder \/events\/7: change its owner or its mode$/);
  t.match(fault('EROFS'), /mounted read-only/);
  t.match(fault('ENOSPC'), /no room is left in the folder \/events\/7/);
  t.equal(fault('EIO'), 'EIO');
});

t.test("a hook's files keep to their folder", async (t) => {
  t.equal(fileNameOf('42', '../../etc/x', 'debug.jpg'), '42-.._.._etc_x-debug.jpg');
  t.equal(fileNameOf('42', 'snapshot', 'debug.jpg'), '42-snapshot-debug.jpg');
  t.equal(fileNameOf('..', 'a\n', 'debug.jpg'), '-a_-debug.jpg');
  const folder = t.testdir({ file: '' });
  await t.rejects(writeArtefacts(path.join(folder, 'file', 'x'), true, Buffer.of(), ''), {
    message: /^cannot create the folder /,
  });
  mkdirSync(path.join(folder, 'event'));
  await writeArtefacts(path.join(folder, 'event'), false, Buffer.from('jpeg'), '{}');
  t.strictSame(readdirSync(path.join(folder, 'event')).sort(), ['objdetect.jpg', 'objects.json']);
});

t.test('no more is read than the limit', async (t) => {
  const folder = t.testdir({});
  const file = path.join(folder, 'a');
  writeFileSync(file, 'x'.repeat(100_000));
  t.equal((await readLimited(file, 100_000)).length, 100_000);
  await t.rejects(readLimited(file, 99_999), FileTooLarge);
  await t.rejects(readLimited('/dev/zero', 1000), FileTooLarge);
});
