import { readFileSync } from 'node:fs';
import t from 'tap';

import type { Rule } from '../../src/hook/rules.js';
import { objectConfig } from '../../src/hook/schema.js';

function* keysOf(rule: Rule): Generator<string> {
  if (rule.kind === 'list') yield* keysOf(rule.item);
  if (rule.kind !== 'mapping') return;
  for (const [key, inner] of Object.entries(rule.keys)) {
    yield key;
    yield* keysOf(inner);
  }
  const free = rule.other?.('any');
  if (free !== undefined) yield* keysOf(free);
}

t.test('docs/reference/objectconfig.md names every key', async (t) => {
  const page = readFileSync('docs/reference/objectconfig.md', 'utf8');
  const implied =
    /^(?:cpu|gpu|tpu)_max_|^(?:face|alpr|audio)_(?:weights|config|labels|processor|min_confidence|framework)$/;
  const missing = [...new Set(keysOf(objectConfig))].filter(
    (key) => !implied.test(key) && !new RegExp(`\\b${key}\\b`).test(page),
  );
  t.strictSame(missing, []);
});
