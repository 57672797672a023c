import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';

import type { Report } from '../../src/doctor/report.js';

function doctor(...args: string[]) {
  return run('.build/src', ...args);
}

function run(code: string, ...args: string[]) {
  const program = path.resolve(code, 'cli/zmdetect.js');
  return spawnSync(process.execPath, [program, 'doctor', ...args], { encoding: 'utf8' });
}

/** A model folder with the embedded model, and what `extra` adds to it. */
function modelFolder(t: Test, extra: Readonly<Record<string, string>> = {}): string {
  const base = t.testdir();
  mkdirSync(path.join(base, 'embedded'));
  for (const file of ['default.onnx', 'default.names']) cpSync(`models/${file}`, path.join(base, 'embedded', file));
  for (const [name, content] of Object.entries(extra)) writeFileSync(path.join(base, 'embedded', name), content);
  return base;
}

t.test('the doctor tries every model under the base path', async (t) => {
  const { status, stdout, stderr } = doctor('--json', '--base-path', modelFolder(t));
  t.equal(status, 0, stderr);
  const report = JSON.parse(stdout) as Report;
  t.match(report.models.rows, [{ name: 'default', state: 'ready', processor: 'cpu', error: null }]);
  t.match(report.runtimes, { addon_error: null, onnxruntime: /^\d+\.\d+\.\d+$/ });
  t.ok(report.runtimes.backends.includes('onnx'));
  t.ok((report.cpu.usable ?? 0) > 0);
});

t.test('a model that does not load is named with its reason, and the status is 1', async (t) => {
  const { status, stdout } = doctor('--base-path', modelFolder(t, { 'bad.onnx': 'no model' }));
  t.equal(status, 1);
  t.match(stdout, /^ {2}bad +failed: .*bad\.onnx/m);
  t.match(stdout, /^ {2}default +ready on cpu/m);
});

t.test('a name that nothing answers to is a failed model', async (t) => {
  const { status, stdout } = doctor('--base-path', modelFolder(t), '--models', 'defualt');
  t.equal(status, 1);
  t.match(stdout, /warning +no model named defualt .*nearest is default/);
});

t.test('a host without models is no failure', async (t) => {
  const { status, stdout } = doctor('--base-path', t.testdir());
  t.equal(status, 0);
  t.match(stdout, /^ {2}models +none$/m);
});

t.test('the configuration of the daemon is tried as it stands, and its secrets are not printed', async (t) => {
  const config = path.join(t.testdir(), 'zmdetect.yml');
  writeFileSync(config, `models: [default]\nbase_path: ${modelFolder(t)}\nauth_password: hunter2-hunter2\n`);
  for (const json of [[], ['--json']]) {
    const { status, stdout, stderr } = doctor('--config', config, ...json);
    t.equal(status, 0, stderr);
    t.notMatch(stdout + stderr, 'hunter2');
  }
});

t.test('an unknown flag is a usage error', async (t) => {
  const { status, stderr } = doctor('--modles', 'x');
  t.equal(status, 2);
  t.match(stderr, 'usage: zmdetect');
});

t.test('where the addon does not load the rest is told all the same', async (t) => {
  const unbuilt = t.testdir({ 'package.json': '{ "version": "0.0.0", "type": "module" }' });
  cpSync('.build/src', path.join(unbuilt, 'src'), { recursive: true });
  const { status, stdout } = run(path.join(unbuilt, 'src'), '--base-path', unbuilt);
  t.equal(status, 1);
  t.match(stdout, /^ {2}addon +the native addon .* cannot be loaded/m);
  t.match(stdout, /^ {2}backends +none$/m);
  t.match(stdout, /no model was tried/);
});
