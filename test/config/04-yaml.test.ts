import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { loadServerConfig } from '../../src/config/load.js';
import { ConfigError } from '../../src/config/problems.js';
import { parseYaml, readYaml } from '../../src/config/yaml.js';

const read = (text: string) => parseYaml(text, 'serve.yml').value;

function problem(text: string): string {
  try {
    parseYaml(text, 'serve.yml');
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  throw new Error('accepted');
}

t.test('bare words of YAML 1.1 are booleans, quoted ones are text', async (t) => {
  for (const word of ['yes', 'Yes', 'YES', 'on', 'On', 'true', 'True', 'TRUE']) {
    t.strictSame(read(`a: ${word}`), { a: true }, word);
  }
  for (const word of ['no', 'No', 'NO', 'off', 'Off', 'false', 'False', 'FALSE']) {
    t.strictSame(read(`a: ${word}`), { a: false }, word);
  }
  t.strictSame(read('a: "yes"'), { a: 'yes' });
});

t.test("scalars are read as PyYAML's safe loader reads them", async (t) => {
  for (const [text, value] of [
    ['n', 'n'],
    ['y', 'y'],
    ['.', '.'],
    ['e5', 'e5'],
    ['1e3', '1e3'],
    ['1.0e+3', 1000],
    ['.5', 0.5],
    ['5.', 5],
    ['-1.5', -1.5],
    ['1_000.5', 1000.5],
    ['010', 8],
    ['0x10', 16],
    ['1_000', 1000],
    ['1:30', 90],
    ['.inf', Number.POSITIVE_INFINITY],
    ['-.INF', Number.NEGATIVE_INFINITY],
    ['08', '08'],
    ['1:30.5', 90.5],
    ['-.5', '-.5'],
    ['0b11', 3],
    ['~', null],
    ['', null],
    ['yolo11n', 'yolo11n'],
    ['11n', '11n'],
  ] as const) {
    t.strictSame(read(`a: ${text}`), { a: value }, text);
  }
  t.ok(Number.isNaN((read('a: .nan') as { a: number }).a));
});

t.test('anchors, aliases and merge keys work', async (t) => {
  t.strictSame(read('base: &b {x: 1, y: 2}\nmore:\n  <<: *b\n  y: 3'), {
    base: { x: 1, y: 2 },
    more: { x: 1, y: 3 },
  });
});

t.test('an empty file holds null', async (t) => {
  t.equal(read(''), null);
  t.equal(read('# nothing but words\n'), null);
  t.equal(read('---\n'), null);
});

t.test('a byte order mark and Windows line ends do no harm', async (t) => {
  t.strictSame(read('\ufeffa: 1\r\nb: 2\r\n'), { a: 1, b: 2 });
});

t.test('a key given twice counts the last time, with a warning that says where', async (t) => {
  const { value, warnings } = parseYaml('port: 1\nhost: x\nport: 2\n', 'serve.yml');
  t.strictSame(value, { port: 2, host: 'x' });
  t.strictSame(warnings, ['serve.yml:3:1: this key stands twice; the last one counts']);
});

t.test('what is not YAML gets one sentence with file, line and column', async (t) => {
  for (const [text, sentence] of [
    ['host: x\n\tport: 1', /^serve\.yml:2:1: .*tab/],
    ['models:\n\t- a', /^serve\.yml:2:1: a tab/],
    ['a: 1\n---\nb: 2', /^serve\.yml:2:1: a second document/],
    ['a: "x', /^serve\.yml:1:6: a closing quote/],
    ['a: @x', /^serve\.yml:1:4: a value cannot begin with this character/],
    ['a: b: c', /^serve\.yml:1:4: two "key: value" pairs/],
    ['a: 1\nb: *none', /^serve\.yml:2:4: a value that begins with \*/],
    ['a: !none x', /^serve\.yml:1:4: a value that begins with !/],
    ['a: !!python/object:os.system {}', /^serve\.yml:1:4: a value that begins with !/],
    ['a: "\\q"', /^serve\.yml:1:5: no such escape/],
    ['port\nhost: x', /^serve\.yml:1:1: a key must stand on one line/],
    ['a: [1, 2', /^serve\.yml:1:9: /],
    ['a: {b: 1]', /^serve\.yml:1:9: /],
  ] as const) {
    t.match(problem(text), sentence, JSON.stringify(text));
    t.notMatch(problem(text), /\n/);
  }
});

t.test('no sentence quotes the file, which may hold a password', async (t) => {
  for (const text of [
    'p: *hunter2',
    'p: !hunter2 x',
    'p: "\\qhunter2',
    'p: @hunter2',
    'p: a: hunter2',
    '%hunter2\n---\n',
  ]) {
    t.notMatch(problem(text), /hunter2/, text);
  }
});

t.test('aliases that multiply without bound are refused', async (t) => {
  const levels = Array.from({ length: 12 }, (_, i) => `l${i + 1}: &l${i + 1} [${Array(10).fill(`*l${i}`).join(', ')}]`);
  t.match(problem(`l0: &l0 x\n${levels.join('\n')}`), /^serve\.yml:\d+:\d+: .*aliases repeat too much/);
  const merged = `b: &b {${Array.from({ length: 1000 }, (_, i) => `k${i}: 1`).join(',')}}\n`;
  t.match(
    problem(merged + Array.from({ length: 900 }, (_, i) => `m${i}: {<<: *b}\n`).join('')),
    /aliases repeat too much/,
  );
  t.match(problem(`a: &a [1]\nb:\n${'  - *a\n'.repeat(20_000)}`), /:1003:5: more than 1000 aliases/);
  t.match(problem('a: &a [*a]'), /^serve\.yml:1:8: an alias stands inside its own anchor/);
});

t.test('as many monitors as anybody has may share one mapping', async (t) => {
  const monitors = Array.from({ length: 500 }, (_, i) => `  ${i}: {<<: *base, name: m${i}}\n`).join('');
  const value = read(`base: &base {a: 1, b: [1, 2]}\nmonitors:\n${monitors}`) as { monitors: Record<string, object> };
  t.strictSame(value.monitors[499], { a: 1, b: [1, 2], name: 'm499' });
});

t.test('a file has limits on bytes, nodes and depth', async (t) => {
  t.match(
    problem('['.repeat(60) + ']'.repeat(60)),
    /^serve\.yml:1:52: more than 50 lists and mappings inside each other/,
  );
  t.match(problem(`a: [${'1,'.repeat(50_000)}]`), /more than 50000 keys and values/);
  t.match(problem('? {a: 1}\n: 1'), /^serve\.yml:1:3: a list or a mapping stands where a key belongs/);
  const keys = Array.from({ length: 20_000 }, (_, i) => `k${i}: 1`).join('\n');
  t.strictSame(parseYaml(`${keys}\nk0: 2`, 'serve.yml').warnings, [
    'serve.yml:20001:1: this key stands twice; the last one counts',
  ]);
  t.equal(parseYaml('k: 1\n'.repeat(1000), 'serve.yml').warnings.length, 20, 'of many sentences the first');
  const file = join(t.testdir({ 'large.yml': '#'.repeat(512 * 1024 + 1) }), 'large.yml');
  await t.rejects(readYaml(file), {
    code: 'CONFIG_INVALID',
    message: /large\.yml has more than the 524288 bytes .*: split it/,
  });
  await t.rejects(readYaml('/dev/zero'), { code: 'CONFIG_INVALID' });
});

t.test('a settings file with secrets that every user can read is named, with the remedy', async (t) => {
  const file = join(t.testdir({ 'serve.yml': 'auth_enabled: yes\nauth_password: geheim\n' }), 'serve.yml');
  const warnings = async (mode: number) => {
    chmodSync(file, mode);
    return (await loadServerConfig(['--config', file], '1')).warnings.filter((text) => text.includes('chmod'));
  };
  t.strictSame(await warnings(0o644), [
    `${file} holds secrets, and every user of this host can read it: chmod o-rwx ${file}`,
  ]);
  t.strictSame(await warnings(0o640), []);
  writeFileSync(file, 'port: 5001\n');
  t.strictSame(await warnings(0o644), [], 'a file without secrets');
});

t.test('a file that cannot be read is a problem of the configuration', async (t) => {
  const directory = t.testdir({ 'latin1.yml': '' });
  writeFileSync(join(directory, 'latin1.yml'), Buffer.from('host: caf\xe9', 'latin1'));
  await t.rejects(readYaml(join(directory, 'none.yml')), {
    message: /cannot read .*none\.yml: there is no such file/,
  });
  await t.rejects(readYaml(directory), { message: /it is a directory/ });
  await t.rejects(readYaml(join(directory, 'latin1.yml')), {
    message: /is not UTF-8 text/,
  });
  await t.rejects(readYaml(join(directory, 'none.yml')), {
    code: 'CONFIG_INVALID',
    exitStatus: 1,
  });
});
