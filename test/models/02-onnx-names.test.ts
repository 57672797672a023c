import t from 'tap';
import { parseOnnxNames } from '../../src/models/onnx-names.js';

t.test('the names of a Python dictionary come by class number', async (t) => {
  t.strictSame(parseOnnxNames("{0: 'person', 1: 'bicycle'}"), ['person', 'bicycle']);
  t.strictSame(parseOnnxNames("{1: 'b', 0: 'a'}"), ['a', 'b'], 'in any order');
  t.strictSame(parseOnnxNames(`{0:'a',1:"b",}`), ['a', 'b'], 'without blanks, with a comma at the end');
  t.strictSame(parseOnnxNames(`\n{ 0 : 'a' ,\n 1 : "b" }\n`), ['a', 'b'], 'over several lines');
});

t.test('class numbers may be quoted, as in JSON', async (t) => {
  t.strictSame(parseOnnxNames('{"0": "person", "1": "car"}'), ['person', 'car']);
  t.strictSame(parseOnnxNames("{' 1 ': 'b', +0: 'a'}"), ['a', 'b']);
});

t.test('a class that is left out has an empty name', async (t) => {
  t.strictSame(parseOnnxNames("{2: 'c', 0: 'a'}"), ['a', '', 'c']);
});

t.test('of a class named twice the last name counts', async (t) => {
  t.strictSame(parseOnnxNames("{0: 'a', '0': 'b'}"), ['b']);
});

t.test('quotes and escapes are those of Python', async (t) => {
  for (const [literal, name] of [
    [`"driver's seat"`, "driver's seat"],
    [`'a "b"'`, 'a "b"'],
    [`'it\\'s'`, "it's"],
    [`"\\""`, '"'],
    [`'a\\\\b'`, 'a\\b'],
    [`'\\t\\n\\r\\a\\b\\f\\v'`, '\t\n\r\x07\b\f\v'],
    [`'caf\\xe9'`, 'café'],
    [`'\\u65e5\\u672c'`, '日本'],
    [`'\\U0001f415'`, '🐕'],
    [`'\\101\\0'`, 'A\0'],
    [`'\\q\\/'`, '\\q\\/'],
    [`'a\\\nb'`, 'ab'],
    [`'日本 🐕'`, '日本 🐕'],
    [`'{1: x}, ['`, '{1: x}, ['],
    [`''`, ''],
  ] as const) {
    t.strictSame(parseOnnxNames(`{0: ${literal}}`), [name], literal);
  }
});

t.test('anything else is refused, and the message says what and where', async (t) => {
  for (const [text, words] of [
    ['', 'has its end where { should be (character 1)'],
    ["['person', 'car']", `has "['person', '", which belongs in no dictionary (character 1)`],
    ["{'person', 'car'}", 'has the class number "person": expected 0 to 65535 (character 2)'],
    ['{}', 'holds no names (character 1)'],
    ["{0: 'a'", 'has its end where a comma or } should be (character 8)'],
    ["{0: 'a' 1: 'b'}", 'has "1" where a comma or } should be (character 9)'],
    ["{0: 'a'} x", 'has "x", which belongs in no dictionary (character 10)'],
    ["{0: 'a'}, {", 'has "," where the end should be (character 9)'],
    ["{0 'a'}", 'has "a" where a colon should be (character 4)'],
    ['{0: person}', 'has "person}", which belongs in no dictionary (character 5)'],
    ['{0: 1}', 'has "1" where a quoted name should be (character 5)'],
    ['{0: None}', 'has "None}", which belongs in no dictionary (character 5)'],
    ["{0: {1: 'a'}}", 'has "{" where a quoted name should be (character 5)'],
    ["{, 0: 'a'}", 'has "," where a class number should be (character 2)'],
    ["{0: 'a',, 1: 'b'}", 'has "," where a class number should be (character 9)'],
    ["{-1: 'a'}", 'has the class number "-1": expected 0 to 65535 (character 2)'],
    ["{1.5: 'a'}", 'has ".5: \'a\'}", which belongs in no dictionary (character 3)'],
    ["{65536: 'a'}", 'has the class number "65536": expected 0 to 65535 (character 2)'],
    ["{99999999999: 'a'}", 'has the class number "99999999999": expected 0 to 65535 (character 2)'],
    ["{0: 'a\n'}", `has "'a\\n'}", which belongs in no dictionary (character 5)`],
    ["{0: 'a}", `has "'a}", which belongs in no dictionary (character 5)`],
    ["__import__('os')", `has "__import__('", which belongs in no dictionary (character 1)`],
  ] as const) {
    t.throws(
      () => parseOnnxNames(text),
      {
        code: 'MODEL_LABELS_MISSING',
        message: `the names in the ONNX file are not readable: the text ${words}`,
      },
      text,
    );
  }
});

t.test('an escape that is cut short or unknown is refused', async (t) => {
  for (const escape of ['\\x4', '\\u12g4', '\\U0001f41', '\\U00110000', '\\N{DEGREE SIGN}']) {
    t.throws(() => parseOnnxNames(`{0: 'a${escape}'}`), { message: /has the escape \\.*\(character 5\)$/ }, escape);
  }
});

t.test('hostile lengths are refused or read in linear time', async (t) => {
  t.throws(() => parseOnnxNames(' '.repeat(1024 * 1024 + 1)), /is too long/);
  t.throws(() => parseOnnxNames(`{0: '${'\\q'.repeat(400_000)}`), /belongs in no dictionary/);
  t.throws(() => parseOnnxNames(`{${' '.repeat(1_000_000)}`), /has its end/);
  t.equal(parseOnnxNames(`{0: '${'a'.repeat(1_000_000)}'}`)[0]?.length, 1_000_000);
  const many = Array.from({ length: 50_000 }, (_, i) => `${i}: 'n${i}'`).join(', ');
  t.equal(parseOnnxNames(`{${many}}`).length, 50_000);
});
