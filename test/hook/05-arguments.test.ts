import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import t from 'tap';

import { parseArguments } from '../../src/hook/arguments.js';

t.test("upstream's flags, long and short", async (t) => {
  const long =
    '--config c.yml --eventid 7 --monitorid 2 --reason Motion: --eventpath /e --output-path /o --notes --debug';
  const short = '-c c.yml -e 7 -m 2 -r Motion: -p /e -o /o -n -d';
  const args = {
    config: 'c.yml',
    eventId: 7,
    monitorId: '2',
    reason: 'Motion:',
    file: undefined,
    eventPath: '/e',
    outputPath: '/o',
    overrides: [],
    notes: true,
    debug: true,
  };
  for (const words of [long, short]) {
    t.strictSame(parseArguments(words.split(' ')), { kind: 'run', args, ignored: [] });
  }
  t.match(parseArguments(['--file=x.jpg', '-O', 'a=1', '-O', 'b=2']), {
    args: { config: '/etc/zm/objectconfig.yml', file: 'x.jpg', overrides: ['a=1', 'b=2'], notes: false },
  });
});

t.test('empty values, as an event server without a cause passes them, say nothing', async (t) => {
  t.match(parseArguments(['-e', '7', '-r', '', '-p', '', '-m', ' 3 ']), {
    args: { reason: undefined, eventPath: undefined, monitorId: '3' },
  });
});

t.test('the words that ZoneMinder and its event server add say the same without flags', async (t) => {
  t.match(parseArguments(['-c', 'c.yml', '7', '3', 'Drive way', ' Motion: Drive', '/events/7']), {
    kind: 'run',
    args: { config: 'c.yml', eventId: 7, monitorId: '3', reason: 'Motion: Drive', eventPath: '/events/7' },
    ignored: [],
  });
  t.match(parseArguments(['7', '3']), { kind: 'run', args: { eventId: 7, monitorId: '3', reason: undefined } });
  t.match(parseArguments(['Drive']), { kind: 'usage', message: /expected a number for --eventid, got "Drive"/ });
});

t.test('words that are no flags are ignored and named', async (t) => {
  t.match(parseArguments(['-e', '7', '--fakeit=dog', 'more']), {
    kind: 'run',
    ignored: ['more is ignored: there is no such flag', '--fakeit is ignored: there is no such flag'],
  });
  t.match(parseArguments(['-e', '7', '-m', 'Drive']), {
    args: { monitorId: undefined },
    ignored: [/--monitorid Drive is ignored: expected the number/],
  });
});

t.test('the beginning of one flag stands for it', async (t) => {
  t.match(parseArguments(['--eventi=7', '--mon', '3', '--conf', 'c.yml']), {
    args: { eventId: 7, monitorId: '3', config: 'c.yml' },
    ignored: [],
  });
  t.match(parseArguments(['-e', '7', '--event=8']), { args: { eventId: 7 }, ignored: [/--event is ignored/] });
});

t.test('what cannot work is said', async (t) => {
  for (const [words, says] of [
    [[], /expected --eventid ID or --file FILE, got neither/],
    [['-e', 'x7'], /expected a number for --eventid, got "x7"/],
    [['-e', '7', '--config'], /expected FILE after --config, got nothing/],
  ] as const) {
    t.match(parseArguments(words), { kind: 'usage', message: says });
  }
});

const run = (program: string, ...args: string[]) =>
  spawnSync(process.execPath, [`.build/src/cli/${program}.js`, ...args], { encoding: 'utf8' });

t.test('both programs have version and help', async (t) => {
  const { version, bin } = JSON.parse(readFileSync('package.json', 'utf8')) as {
    version: string;
    bin: Record<string, string>;
  };
  t.match(bin, { zm_detect: 'dist/bundle/zm_detect.js' });
  t.match(run('zm_detect', '--bareversion'), { status: 0, stdout: `${version}\n`, stderr: '' });
  t.match(run('zmdetect', 'event', '--bareversion'), { status: 0, stdout: `${version}\n`, stderr: '' });
  t.match(run('zm_detect', '-v'), { status: 0, stdout: `zm_detect ${version}\n` });
  t.match(run('zmdetect', 'event', '--help'), { status: 0, stdout: /usage: zmdetect event .*-c, --config FILE/s });
  t.match(run('zmdetect', '--help'), { status: 0, stdout: /event .*config /s });
  t.match(run('zm_detect'), { status: 1, stdout: '', stderr: /^zm_detect: expected --eventid ID or --file FILE/ });
});

const built = existsSync('dist/bundle/zm_detect.js');
const notBuilt = !built && process.env.CI !== 'true' && 'dist/bundle is not there: npm run build:ts';

t.test('what npm puts on the path is the hook in few files, and it runs', { skip: notBuilt }, async (t) => {
  const { version, bin } = JSON.parse(readFileSync('package.json', 'utf8')) as {
    version: string;
    bin: Record<string, string>;
  };
  for (const [name, ...words] of [['zm_detect'], ['zmdetect', 'event']] as const) {
    const command = [bin[name] ?? '', ...words, '--bareversion'];
    t.match(spawnSync(process.execPath, command, { encoding: 'utf8' }), {
      status: 0,
      stdout: `${version}\n`,
      stderr: '',
    });
  }
  const check = [bin.zmdetect ?? '', 'config', 'check', '/none.yml'];
  t.match(spawnSync(process.execPath, check, { encoding: 'utf8' }), { status: 1, stderr: /there is no such file/ });
  const parts = readdirSync('dist/bundle', { recursive: true }).filter((file) => String(file).endsWith('.js'));
  t.ok(parts.length < 12, parts.join(', '));
});
