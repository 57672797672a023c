/** Which of the places that may name a model's classes counts, and what becomes of odd names. */
import { join } from 'node:path';
import t from 'tap';
import { labelsOf } from '../../src/models/labels-of.js';
import type { ModelSpec } from '../../src/models/spec.js';

interface Case {
  /** Inside the model file. */
  readonly names?: string;
  /** Path of a label file. */
  readonly file?: string;
  readonly configured?: boolean;
}

async function read({ names, file, configured = false }: Case) {
  const labelsPath = file ?? null;
  const spec = { name: 'a', framework: 'opencv', weightsPath: '/m/a.onnx', labelsPath, labelsConfigured: configured };
  const warnings: string[] = [];
  const labels = await labelsOf(spec as ModelSpec, names, (sentence) => warnings.push(sentence));
  return { labels, warnings };
}

t.test('a configured file comes first, then the names inside, then the file beside', async (t) => {
  const file = join(t.testdir({ 'a.names': 'dog\ncat\n' }), 'a.names');
  t.strictSame((await read({ names: "['a', 'b']", file, configured: true })).labels, ['dog', 'cat']);
  t.strictSame(await read({ names: "['a', 'b']", file }), { labels: ['a', 'b'], warnings: [] });
  t.strictSame((await read({ file })).labels, ['dog', 'cat']);
  await t.rejects(read({}), { code: 'MODEL_LABELS_MISSING', message: /no names inside and no label file beside it/ });
});

t.test('names inside that are not usable give way to the file beside, and the log says so', async (t) => {
  const file = join(t.testdir({ 'a.names': 'dog\ncat\n' }), 'a.names');
  for (const names of ['None', '', '80', '{}', "{0: 'dog', 1: 'ca", "{0: ''}"]) {
    const { labels, warnings } = await read({ names, file });
    t.strictSame(labels, ['dog', 'cat'], names);
    t.match(warnings, [/^the names in the model file are not readable: .*; the label file .*a\.names counts instead$/]);
    await t.rejects(read({ names }), { code: 'MODEL_LABELS_MISSING', message: /are not readable/ }, names);
  }
});

t.test('control characters do not reach a terminal or a log', async (t) => {
  const { labels, warnings } = await read({ names: "['\\x1b[31mperson', 'c\\na\\x7fr', '\\u202edog', '日本 🐕']" });
  t.strictSame(labels, ['[31mperson', 'car', 'dog', '日本 🐕']);
  t.strictSame(warnings, ['3 of the class names of a hold control characters, which are left out']);
});

t.test('a name of a page is refused', async (t) => {
  await t.rejects(read({ names: `['person', '${'x'.repeat(201)}']` }), {
    code: 'MODEL_LABELS_MISSING',
    message: 'the name of class 1 of /m/a.onnx has 201 characters: expected at most 200',
  });
  t.equal((await read({ names: `['${'x'.repeat(200)}']` })).labels.length, 1);
});
