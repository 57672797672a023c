import t from 'tap';

import { JsonFault, parseJson } from '../../src/server/json.js';

/** Text, and what Python's json.loads says of it: `msg` and `pos` of its JSONDecodeError. */
const faults: ReadonlyArray<readonly [text: string, message: string, offset: number]> = [
  ['', 'Expecting value', 0],
  ['   ', 'Expecting value', 3],
  ['x', 'Expecting value', 0],
  ['{', 'Expecting property name enclosed in double quotes', 1],
  ['{a: 1}', 'Expecting property name enclosed in double quotes', 1],
  ["{'a': 1}", 'Expecting property name enclosed in double quotes', 1],
  ['{"a"}', "Expecting ':' delimiter", 4],
  ['{"a": }', 'Expecting value', 6],
  ['{"a": 1 "b"}', "Expecting ',' delimiter", 8],
  ['{"a": 1, "b": [1, 2}', "Expecting ',' delimiter", 19],
  ['[1, 2', "Expecting ',' delimiter", 5],
  ['[1, ', 'Expecting value', 4],
  ['["abc', 'Unterminated string starting at', 1],
  ['"abc\\', 'Unterminated string starting at', 0],
  ['"a\nb"', 'Invalid control character at', 2],
  ['"a\\xb"', 'Invalid \\escape', 2],
  ['1 2', 'Extra data', 2],
  ['{} {}', 'Extra data', 3],
  ['01', 'Extra data', 1],
  ['[1.]', "Expecting ',' delimiter", 2],
  ['tru', 'Expecting value', 0],
  ['"€𝄞" x', 'Extra data', 5],
];

t.test('a fault is told at the place and in the words of Python', async (t) => {
  for (const [text, message, offset] of faults) {
    try {
      parseJson(text);
      t.fail(`${text} is no JSON`);
    } catch (error) {
      t.ok(error instanceof JsonFault, text);
      t.match(error, { message, offset }, JSON.stringify(text));
    }
  }
});

t.test('what JSON.parse reads is read', async (t) => {
  for (const value of [null, 0, -1.5e300, 'a"\\\u2028\u0000', [], {}, { a: [1, { b: [] }] }, ['[', '{']]) {
    t.strictSame(parseJson(JSON.stringify(value, null, 1)), value);
  }
});

t.test('nesting is limited, brackets within strings are none', async (t) => {
  const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);
  t.doesNotThrow(() => parseJson(nested(100)));
  t.throws(() => parseJson(nested(101)), { message: 'Nested deeper than 100 levels', offset: 100 });
  t.throws(() => parseJson('{"a":'.repeat(1e6)), JsonFault);
  t.equal(parseJson(`"${'['.repeat(1000)}\\"${'{'.repeat(1000)}"`), `${'['.repeat(1000)}"${'{'.repeat(1000)}`);
  t.throws(() => parseJson(`"${'['.repeat(1000)}`), { message: 'Unterminated string starting at' });
});
