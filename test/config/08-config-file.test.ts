import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import t, { type Test } from 'tap';
import { exitStatus } from '../../src/config/flags.js';
import { loadServerConfig } from '../../src/config/load.js';

/** A file of that text. */
function file(t: Test, text: string): string {
  const path = join(t.testdir({ 'serve.yml': text }), 'serve.yml');
  chmodSync(path, 0o600);
  return path;
}

t.test('the file is read instead of the flags', async (t) => {
  const path = file(t, 'host: 127.0.0.1\nmodels: [yolo11n]\nauth_enabled: on\nauth_password: p\ntoken_secret: s\n');
  const { config, warnings } = await loadServerConfig(
    ['--config', path, '--port', '1', '--models', 'x', '--auth'],
    '1',
  );
  t.match(config, {
    host: '127.0.0.1',
    port: 5000,
    models: ['yolo11n'],
    auth: { enabled: true },
    debug: false,
  });
  t.strictSame(
    [...warnings].sort(),
    ['--auth', '--models', '--port'].map((flag) => `${flag} is ignored, because --config is given`),
  );
});

t.test('only --debug counts beside the file', async (t) => {
  const path = file(t, 'log_level: error\n');
  t.match((await loadServerConfig(['--config', path], '1')).config, {
    debug: false,
    logLevel: 'error',
  });
  const { config, warnings } = await loadServerConfig(['--config', path, '--debug'], '1');
  t.match(config, { debug: true, logLevel: 'debug' });
  t.strictSame(warnings, []);
});

t.test('an empty file means the defaults', async (t) => {
  const { config } = await loadServerConfig(['--config', file(t, '# nothing\n')], '1');
  t.match(config, { host: '0.0.0.0', port: 5000, models: ['yolo11s'] });
});

t.test('an empty name of a file means none, as upstream has it', async (t) => {
  const { config } = await loadServerConfig(['--config', '', '--port', '7'], '1');
  t.equal(config.port, 7);
});

t.test('warnings name the file', async (t) => {
  const path = file(t, 'prot: 1\nhost: x\nhost: y\n');
  const { warnings } = await loadServerConfig(['--config', path], '1');
  t.strictSame(warnings, [
    `${path}:3:1: this key stands twice; the last one counts`,
    `${path}: unknown key prot is ignored: did you mean port?`,
  ]);
});

t.test('a file that cannot be used ends with status 1 and sentences that name it', async (t) => {
  for (const [text, sentences] of [
    ['- a\n', ['expected a mapping for the configuration, got a list']],
    ['just words', ['expected a mapping for the configuration, got a text']],
    [
      'port: 5001.5\nauth_password: 1234\n',
      [
        'expected a whole number for port, got 5001.5',
        'expected text for auth_password, got a number (not shown): put it in quotes',
      ],
    ],
    ['models: all', ['expected a list for models, got "all": write it as [all]']],
  ] as const) {
    const path = file(t, text);
    const error = await loadServerConfig(['--config', path], '1').catch((error: unknown) => error);
    t.equal(exitStatus(error), 1);
    t.strictSame(
      (error as { problems: string[] }).problems,
      sentences.map((sentence) => `${path}: ${sentence}`),
    );
    t.equal((error as Error).message, sentences.map((sentence) => `${path}: ${sentence}`).join('\n'));
  }
  for (const args of [
    ['--config', '/nonexistent/serve.yml'],
    ['--config', file(t, 'a: [')],
  ]) {
    t.equal(exitStatus(await loadServerConfig(args, '1').catch((error: unknown) => error)), 1);
  }
});

t.test('a printed configuration shows no secret', async (t) => {
  const path = file(t, 'auth_enabled: yes\nauth_password: hunter2\ntoken_secret: hunter3\n');
  const { config, warnings } = await loadServerConfig(['--config', path], '1');
  t.equal(config.auth.password.reveal(), 'hunter2');
  t.notMatch(`${inspect(config, { depth: 9 })} ${JSON.stringify(config)} ${warnings}`, /hunter/);
});
