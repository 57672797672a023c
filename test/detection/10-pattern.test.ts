import { readFileSync } from 'node:fs';
import t from 'tap';
import { compilePattern, everything, PatternBudget } from '../../src/detection/pattern.js';
import { ZmdetectError } from '../../src/errors.js';
import { limits } from '../../src/limits.js';

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
  t.ok(rows.length > 4000);
  t.ok(rows.filter(([, , answer]) => answer === true).length > 1000);
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

/** Steps that matching takes, or the refusal. */
function stepsOf(source: string, label: string): number | string {
  const budget = new PatternBudget();
  try {
    budget.compile(source).matches(label);
    return budget.steps;
  } catch (error) {
    if (error instanceof ZmdetectError && error.code === 'PATTERN_INVALID') return error.message;
    throw error;
  }
}

t.test('nested repeats take steps in proportion to the square of the label, not to a power of two', async (t) => {
  for (const source of [
    '((a+)+)+$',
    '(?=a)((a+)+)+$',
    '(a|aa)+$',
    '(a|a?)+$',
    '(.*a){12}$',
    '(?:(?:a*)*)*b$',
    '^(?!(a+)+$)',
  ]) {
    const [short, long] = [20, 40].map((length) => stepsOf(source, `${'a'.repeat(length)}!`));
    t.type(short, 'number', source);
    t.ok(Number(long) < 9 * Number(short), `${source}: ${short} steps, then ${long}`);
  }
});

t.test('a long row of tests without width takes a step each', async (t) => {
  t.ok(Number(stepsOf(`(?=${'\\b'.repeat(1500)})`, 'person')) < 2000);
  const budget = new PatternBudget();
  const many = () => {
    for (let i = 0; i < 40; i++) budget.compile(`(?=${'\\b'.repeat(1500)})${i}`).matches('person');
  };
  t.throws(many, { code: 'PATTERN_INVALID', message: /more than 50000 characters of patterns: use fewer/ });
  t.ok(budget.steps < 60_000);
});

t.test('what takes too many steps is stopped, and named with the remedy', async (t) => {
  const hostile: [source: string, label: string][] = [
    ['(?:(?:a{0,1000}){0,1000}){0,1000}$', `${'a'.repeat(250)}b`],
    ['(?:(?:a?){4000000}b?){4000000}$', 'b'],
    ['(?:){4000000}+', 'a'],
    ['(a*)(a*)(a*)(a*)\\1\\2\\3\\4$', `${'a'.repeat(250)}b`],
    [
      `${'(a)'.repeat(600)}${Array.from({ length: 590 }, (_, index) => `(?(${index + 1})a)`).join('')}`,
      'a'.repeat(2000),
    ],
    ['((a+)+)+$', 'a'.repeat(5000)],
    ['person', 'p'.repeat(limits.requestPatternSteps.value + 1)],
  ];
  for (const [source, label] of hostile) {
    t.match(
      stepsOf(source, label),
      /the request's patterns take more than 1000000 steps: use simpler patterns/,
      source,
    );
  }
  const pattern = compilePattern('((a+)+)+$');
  t.throws(() => pattern.matches('a'.repeat(5000)), {
    code: 'PATTERN_INVALID',
    message: /takes more than 1000000 steps/,
  });
  t.ok(pattern.matches('aaa'), 'other labels are still answered');
});

t.test('the steps of a request add up over patterns and labels', async (t) => {
  const budget = new PatternBudget({ patterns: 10, characters: 1000, nodes: 1000, steps: 200 });
  const [one, other] = [budget.compile('(?:a|b)+$'), budget.compile('(?:a|c)+$')];
  t.ok(one.matches('abab'));
  const first = budget.steps;
  t.ok(one.matches('abab'));
  t.equal(budget.steps, first, 'the same label again costs nothing');
  t.throws(() => ['a', 'ab', 'abc'].forEach((label) => other.matches(label.repeat(20))), { code: 'PATTERN_INVALID' });
});

t.test('the patterns of a request have limits on count, characters and nodes', async (t) => {
  const budget = () => new PatternBudget({ patterns: 3, characters: 100, nodes: 40, steps: 1000 });
  const compileAll = (sources: readonly string[]) => () => {
    const one = budget();
    for (const source of sources) one.compile(source);
  };
  t.doesNotThrow(compileAll(['a', 'b', 'c', 'a', 'b', '.*', '']), 'the same pattern again counts once');
  t.throws(compileAll(['a', 'b', 'c', 'd']), {
    message:
      'Invalid pattern d: with it, the request has more than 3 different patterns: use fewer or shorter patterns',
  });
  t.throws(compileAll([`[${'a'.repeat(60)}]`, `[${'b'.repeat(60)}]`]), {
    message: /more than 100 characters of patterns/,
  });
  t.throws(compileAll(['(?:a|b|c|d|e|f|g|h|i|j)+', '(?:a|b|c|d|e|f|g|h|i|j)?']), { message: /more than 40 nodes/ });
});

t.test('widths of groups that refer to groups are reckoned once', async (t) => {
  const doubled = Array.from({ length: 60 }, (_, index) => `(\\${index + 1}\\${index + 1})`).join('');
  t.equal(stepsOf(`(a)${doubled}(?<=\\60)`, 'aaa'), stepsOf(`(a)${doubled}(?<=\\60)`, 'aaa'));
  t.throws(() => compilePattern(`(a|bc)${doubled}(?<=\\60)`), { message: /fixed-width/ });
});

t.test('patterns beyond reason are refused', async (t) => {
  for (const source of ['('.repeat(5000), 'a'.repeat(10_001), 'a{4294967295}']) {
    t.throws(() => compilePattern(source), { code: 'PATTERN_INVALID' });
  }
});

t.test('names of characters are refused, not misread', async (t) => {
  t.throws(() => compilePattern('\\N{DIGIT ONE}'), { code: 'PATTERN_INVALID' });
});

t.test('a pattern that was taken answers for every label', async (t) => {
  const pattern = compilePattern('(?i:car)\\b');
  t.ok(pattern.matches('CAR'));
  t.ok(pattern.matches('Car caf\u00e9'));
  t.ok(pattern.matches('car\n'));
});

t.test('patterns of the configuration are kept compiled', async (t) => {
  const first = compilePattern('dog');
  t.equal(compilePattern('dog'), first);
  for (let i = 0; i < limits.configurationPatterns.value; i++) compilePattern(`label${i}`);
  t.not(compilePattern('dog'), first, 'but not for ever');
  const other = compilePattern('dog');
  const budget = new PatternBudget();
  for (let i = 0; i < 400; i++) budget.compile(`other${i}`);
  t.equal(compilePattern('dog'), other, 'those of requests take no place');
});
