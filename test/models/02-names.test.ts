import t from 'tap';
import { parseNames } from '../../src/models/names.js';

t.test('the names of a Python dictionary come by class number', async (t) => {
  t.strictSame(parseNames("{0: 'person', 1: 'bicycle'}"), ['person', 'bicycle']);
  t.strictSame(parseNames("{1: 'b', 0: 'a'}"), ['a', 'b'], 'in any order');
  t.strictSame(parseNames(`{0:'a',1:"b",}`), ['a', 'b'], 'without blanks, with a comma at the end');
  t.strictSame(parseNames(`\n{ 0 : 'a' ,\n 1 : "b" }\n`), ['a', 'b'], 'over several lines');
});

t.test('class numbers may be quoted, as in JSON', async (t) => {
  t.strictSame(parseNames('{"0": "person", "1": "car"}'), ['person', 'car']);
  t.strictSame(parseNames("{' 1 ': 'b', +0: 'a'}"), ['a', 'b']);
});

t.test('a class that is left out has an empty name', async (t) => {
  t.strictSame(parseNames("{2: 'c', 0: 'a'}"), ['a', '', 'c']);
});

t.test('a list or a tuple counts from 0, in Python and in JSON', async (t) => {
  for (const text of [
    "['person', 'car']",
    '["person", "car"]',
    "('person', 'car')",
    "['person', 'car',]",
    "[u'person', u'car']",
  ]) {
    t.strictSame(parseNames(text), ['person', 'car'], text);
  }
  t.strictSame(parseNames("('face',)"), ['face']);
});

t.test('words may stand with commas or line breaks between them, without brackets', async (t) => {
  t.strictSame(parseNames('person,bicycle, traffic light'), ['person', 'bicycle', 'traffic light']);
  t.strictSame(parseNames('person\r\nbicycle\n'), ['person', 'bicycle']);
  t.strictSame(parseNames('person\n\ncar'), ['person', '', 'car'], 'a blank line keeps its number');
  t.strictSame(parseNames('licence plate'), ['licence plate'], 'one class');
});

t.test('a name may be a number, or None where the exporter knew none', async (t) => {
  t.strictSame(parseNames('{0: 0, 1: 1}'), ['0', '1']);
  t.strictSame(parseNames("{0: None, 1: 'car'}"), ['', 'car']);
  t.strictSame(parseNames('[null, "car"]'), ['', 'car']);
});

t.test('of a class named twice the last name counts', async (t) => {
  t.strictSame(parseNames("{0: 'a', '0': 'b'}"), ['b']);
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
  ] as const) {
    t.strictSame(parseNames(`{0: ${literal}}`), [name], literal);
  }
});

t.test('anything else is refused, and the message says what and where', async (t) => {
  for (const [text, words] of [
    ['', 'holds no names (character 1)'],
    ['None', 'holds no names (character 1)'],
    ['80', 'holds no names (character 1)'],
    ["{0: '', 1: None}", 'holds no names (character 1)'],
    ['[]', 'holds no names (character 1)'],
    ["['person', 'car'", 'has its end where a comma or ] should be (character 17)'],
    ["('person', 'car']", 'has "]" where a comma or ) should be (character 17)'],
    ["[['person']]", 'has "[" where a quoted name should be (character 2)'],
    ["{'person', 'car'}", 'has the class number "person": expected 0 to 65535 (character 2)'],
    ['{}', 'holds no names (character 1)'],
    ["{0: 'a'", 'has its end where a comma or } should be (character 8)'],
    ["{0: 'a' 1: 'b'}", 'has "1" where a comma or } should be (character 9)'],
    ["{0: 'a'} x", 'has "x", which belongs in no list (character 10)'],
    ["{0: 'a'}, {", 'has "," where the end should be (character 9)'],
    ["{0 'a'}", 'has "a" where a colon should be (character 4)'],
    ['{0: person}', 'has "person}", which belongs in no list (character 5)'],
    ["{0: {1: 'a'}}", 'has "{" where a quoted name should be (character 5)'],
    ["{, 0: 'a'}", 'has "," where a class number should be (character 2)'],
    ["{0: 'a',, 1: 'b'}", 'has "," where a class number should be (character 9)'],
    ["{-1: 'a'}", 'has the class number "-1": expected 0 to 65535 (character 2)'],
    ["{1.5: 'a'}", 'has the class number "1.5": expected 0 to 65535 (character 2)'],
    ["{65536: 'a'}", 'has the class number "65536": expected 0 to 65535 (character 2)'],
    ["{99999999999: 'a'}", 'has the class number "99999999999": expected 0 to 65535 (character 2)'],
    ["{0: 'a\n'}", `has "'a\\n'}", which belongs in no list (character 5)`],
    ["{0: 'a}", `has "'a}", which belongs in no list (character 5)`],
    ["__import__('os')", `has "('os')" outside of brackets (character 11)`],
    ["{0: eval('x')}", `has "eval('x')}", which belongs in no list (character 5)`],
  ] as const) {
    t.throws(
      () => parseNames(text),
      {
        code: 'MODEL_LABELS_MISSING',
        message: `the names in the model file are not readable: the text ${words}`,
      },
      text,
    );
  }
});

t.test('an escape that is cut short or unknown is refused', async (t) => {
  for (const escape of ['\\x4', '\\u12g4', '\\U0001f41', '\\U00110000', '\\N{DEGREE SIGN}']) {
    t.throws(() => parseNames(`{0: 'a${escape}'}`), { message: /has the escape \\.*\(character 5\)$/ }, escape);
  }
});

t.test('hostile lengths are refused or read in linear time', async (t) => {
  t.throws(() => parseNames(' '.repeat(1024 * 1024 + 1)), /is too long/);
  t.throws(() => parseNames(`{0: '${'\\q'.repeat(400_000)}`), /belongs in no list/);
  t.throws(() => parseNames(`{${' '.repeat(1_000_000)}`), /has its end/);
  t.equal(parseNames(`{0: '${'a'.repeat(1_000_000)}'}`)[0]?.length, 1_000_000);
  t.throws(() => parseNames(`[${'['.repeat(500_000)}`), /where a quoted name should be/, 'no depth to fall into');
  t.throws(() => parseNames(`[${"'a',".repeat(65_537)}]`), /holds more than 65536 names/);
  t.throws(() => parseNames('a,'.repeat(65_537)), /holds more than 65536 names/);
  const many = Array.from({ length: 50_000 }, (_, i) => `${i}: 'n${i}'`).join(', ');
  t.equal(parseNames(`{${many}}`).length, 50_000);
});
