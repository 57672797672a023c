import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';

import { embeddedModel, until } from '../support/daemon.js';

const program = fileURLToPath(new URL('../../src/cli/zmdetectd.js', import.meta.url));

interface Run {
  readonly child: ChildProcess;
  readonly output: { stdout: string; stderr: string };
  /** The exit status. */
  readonly ended: Promise<number | null>;
}

function run(t: Test, ...args: readonly string[]): Run {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  t.teardown(() => child.kill('SIGKILL'));
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (bytes: Buffer) => (output.stdout += bytes.toString()));
  child.stderr.on('data', (bytes: Buffer) => (output.stderr += bytes.toString()));
  const ended = once(child, 'close').then(([status]) => status as number | null);
  return { child, output, ended };
}

const serving = ['--models', embeddedModel, '--host', '127.0.0.1', '--port', '0'];

/** Log lines so far. */
const lines = ({ output }: Run) =>
  output.stdout
    .trim()
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
const listening = (daemon: Run) => until(() => daemon.output.stdout.includes('"listening"'), 60);

t.test('--help and --version say so and exit 0', async (t) => {
  const help = run(t, '--help');
  t.equal(await help.ended, 0);
  t.match(help.output.stdout, /^usage: zmdetectd .*--models MODELS/s);
  t.equal(help.output.stderr, '');
  const version = run(t, '--version');
  t.equal(await version.ended, 0);
  t.match(version.output.stdout, /^zmdetectd \d+\.\d+\.\d+\n$/);
});

t.test('a usage error exits 2 with the usage', async (t) => {
  for (const args of [['--nonsense'], ['--port', 'x'], ['--processor', 'GPU'], ['--models']]) {
    const { ended, output } = run(t, ...args);
    t.equal(await ended, 2, args.join(' '));
    t.match(output.stderr, /^usage: zmdetectd /);
    t.equal(output.stdout, '');
  }
});

t.test('a configuration that cannot be used exits 1 with one clear sentence', async (t) => {
  const folder = t.testdir({
    'broken.yml': 'port: [1\n',
    'list.yml': '- port\n',
    'wrong.yml': 'port: many\n',
    'secret.yml': 'auth_enabled: true\ntoken_secret: ""\nmodels: []\nhost: 127.0.0.1\nport: 0\n',
  });
  const rows: ReadonlyArray<readonly [args: readonly string[], sentence: RegExp]> = [
    [['--config', path.join(folder, 'missing.yml')], /missing\.yml/],
    [['--config', folder], /zmdetectd: /],
    [['--config', path.join(folder, 'broken.yml')], /broken\.yml/],
    [['--config', path.join(folder, 'list.yml')], /list\.yml/],
    [['--config', path.join(folder, 'wrong.yml')], /expected .* for port, got/],
    [['--config', path.join(folder, 'secret.yml')], /token_secret is empty/],
    [['--models', 'all', 'other'], /cannot be combined/],
    [['--models', embeddedModel, '--host', '127.0.0.1', '--port', '99999'], /there is no port 99999/],
    [['--models', embeddedModel, '--host', '192.0.2.1', '--port', '0'], /cannot listen on 192\.0\.2\.1/],
  ];
  for (const [args, sentence] of rows) {
    const { ended, output } = run(t, ...args);
    t.equal(await ended, 1, args.join(' ').slice(-40));
    t.match(output.stderr, sentence);
    t.match(output.stderr, /^zmdetectd: /);
    t.notMatch(output.stderr, /\n\s+at /, 'no stack trace');
  }
});

t.test('a port in use exits 1 and is named', async (t) => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  t.teardown(() => other.close());
  const address = other.address();
  const port = typeof address === 'object' ? String(address?.port) : '';
  const { ended, output } = run(t, '--models', embeddedModel, '--host', '127.0.0.1', '--port', port);
  t.equal(await ended, 1);
  t.match(output.stderr, new RegExp(`^zmdetectd: cannot listen on 127.0.0.1 port ${port}: the port is in use`));
});

t.test('a stop while models are being loaded exits 0 as well', async (t) => {
  const many = Array.from({ length: 40 }, () => embeddedModel);
  const daemon = run(t, '--models', ...many, '--host', '127.0.0.1', '--port', '0');
  await until(() => daemon.output.stdout.includes('"model loaded"'), 60);
  daemon.child.kill('SIGTERM');
  t.equal(await daemon.ended, 0);
  t.notMatch(daemon.output.stdout, /"listening"/);
  t.match(daemon.output.stdout, /"stopped"/);
});

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  t.test(`${signal} stops the daemon with status 0`, async (t) => {
    const daemon = run(t, ...serving);
    await listening(daemon);
    const port = lines(daemon).find(({ msg }) => msg === 'listening')?.port;
    t.equal((await fetch(`http://127.0.0.1:${String(port)}/health`)).status, 200);
    daemon.child.kill(signal);
    t.equal(await daemon.ended, 0);
    t.match(lines(daemon).slice(-2), [{ msg: 'stopping', signal }, { msg: 'stopped' }]);
    t.equal(daemon.output.stderr, '');
  });
}

t.test('two signals stop it once', async (t) => {
  const daemon = run(t, ...serving);
  await listening(daemon);
  daemon.child.kill('SIGTERM');
  daemon.child.kill('SIGINT');
  t.equal(await daemon.ended, 0);
  t.equal(lines(daemon).filter(({ msg }) => msg === 'stopping').length, 1);
});

t.test('what is set dangerously is warned of', async (t) => {
  const daemon = run(t, ...serving, '--auth');
  await listening(daemon);
  const warnings = lines(daemon).flatMap(({ level, msg }) => (level === 'warn' ? [String(msg)] : []));
  t.ok(warnings.some((warning) => /--token-secret is left at "change-me": anybody can sign a token/.test(warning)));
  t.ok(warnings.some((warning) => /--auth-password is empty/.test(warning)));
  daemon.child.kill('SIGTERM');
  await daemon.ended;
});

t.test('the file configures it, and flags beside it are named as ignored', async (t) => {
  const folder = t.testdir({
    'serve.yml': `host: 127.0.0.1\nport: 0\nmodels: [${JSON.stringify(embeddedModel)}]\nauth_enabld: true\n`,
  });
  const daemon = run(t, '--config', path.join(folder, 'serve.yml'), '--port', '1', '--debug');
  await listening(daemon);
  t.match(daemon.output.stdout, /--port is ignored, because --config is given/);
  t.match(daemon.output.stdout, /auth_enabld.*auth_enabled/);
  daemon.child.kill('SIGTERM');
  t.equal(await daemon.ended, 0);
});
