import { readFileSync } from 'node:fs';
import t from 'tap';
import { compilePattern, everything } from '../../src/detection/pattern.js';
import { ZmdetectError } from '../../src/errors.js';

// Tests run from the repository's root, wherever they were compiled to.
const rows = JSON.parse(readFileSync('test/fixtures/patterns-python.json', 'utf8')) as [
  pattern: string,
  label: string,
  answer: boolean | 'error',
][];

t.test('an empty pattern, .* and no pattern match every label', async (t) => {
  for (const source of ['', '.*', null, undefined]) {
    t.equal(compilePattern(source), everything);
    t.ok(everything.matches('car\nand more'));
  }
});

t.test('a pattern is anchored at the start only', async (t) => {
  const car = compilePattern('car');
  t.ok(car.matches('car'));
  t.ok(car.matches('carpet'));
  t.notOk(car.matches('scar'));
  t.notOk(car.matches('Car'));
});

t.test('patterns answer as Python does', async (t) => {
  t.ok(rows.length > 300);
  const answer = (pattern: string, label: string): boolean | 'error' => {
    try {
      return compilePattern(pattern).matches(label);
    } catch (error) {
      if (error instanceof ZmdetectError && error.code === 'PATTERN_INVALID') return 'error';
      throw error;
    }
  };
  t.strictSame(
    rows.map(([pattern, label]) => [pattern, label, answer(pattern, label)]),
    rows,
  );
});

t.test('an invalid pattern is named together with the reason', async (t) => {
  t.throws(() => compilePattern('(car'), {
    code: 'PATTERN_INVALID',
    status: 400,
    message: 'Invalid pattern (car: missing ), unterminated subpattern at position 0',
  });
});

t.test('a long pattern is cut in the message', async (t) => {
  t.throws(() => compilePattern(`(${'x'.repeat(500)}`), { message: /^Invalid pattern \(x{99}\.\.\.: / });
});

t.test('patterns that RE2 runs are linear in time', async (t) => {
  t.equal(compilePattern('((a+)+)+$').matches(`${'a'.repeat(5000)}b`), false);
});

t.test('a catastrophic pattern with look-around is stopped, and stays stopped', async (t) => {
  const pattern = compilePattern('(?=a)((a+)+)+$');
  const label = `${'a'.repeat(40)}b`;
  const late = { code: 'PATTERN_INVALID', message: /takes more than 50 ms/ };
  t.throws(() => pattern.matches(label), late);
  const start = performance.now();
  t.throws(() => pattern.matches(label), late);
  t.ok(performance.now() - start < 40, 'the second time at once');
  t.ok(pattern.matches('aaa'), 'other labels are still answered');
});

t.test('patterns beyond reason are refused', async (t) => {
  for (const source of ['('.repeat(5000), 'a'.repeat(20_001), '(?:a{1000}){1000}', 'a{4294967295}']) {
    t.throws(() => compilePattern(source), { code: 'PATTERN_INVALID' });
  }
});

t.test('what Python has and this engine has not is refused, not misread', async (t) => {
  for (const source of ['(a)?(?(1)b|c)', '\\N{DIGIT ONE}', '(?i:a)(?!b)c']) {
    t.throws(() => compilePattern(source), { code: 'PATTERN_INVALID' }, source);
  }
});

t.test('a pattern that was taken answers for every label', async (t) => {
  const pattern = compilePattern('(?i:car)\\b');
  t.ok(pattern.matches('CAR'));
  t.ok(pattern.matches('Car caf\u00e9'));
  t.ok(pattern.matches('car\n'));
});

t.test('compiled patterns are kept', async (t) => {
  const first = compilePattern('dog');
  t.equal(compilePattern('dog'), first);
  for (let i = 0; i < 600; i++) compilePattern(`label${i}`);
  t.not(compilePattern('dog'), first, 'but not for ever');
});
