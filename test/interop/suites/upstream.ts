/**
 * Upstream's own tests of a remote server, out of the source release, against the daemon:
 * upstream_plugin.py starts zmdetectd with the flags that they would give pyzm.serve.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync } from 'node:fs';
import path from 'node:path';
import type { Test } from 'tap';

import { shared } from '../../support/shared.js';
import { environmentOf, type Generation, python, scenario, sourceOf } from '../clients.js';
import { modelFile } from '../world.js';

/** A model directory as upstream's tests look for it, with the one model that OpenCV can surely run. */
function modelDirectory(t: Test): string {
  const folder = t.testdir({ ultralytics: {} });
  cpSync(modelFile, path.join(folder, 'ultralytics', path.basename(modelFile)));
  return folder;
}

export default async function upstream(t: Test): Promise<void> {
  const models = modelDirectory(t);
  scenario(t, 'upstream’s TestRemoteDetection', async (t, client) => {
    const { report, passed, failed } = await runTests(client.generation, models);
    t.equal(failed, 0, report);
    t.ok(passed >= 8, `${passed} passed`);
  });
}

async function runTests(generation: Generation, models: string) {
  const source = sourceOf(generation);
  // The release has the tests without their picture.
  const tests = path.join(source, 'tests/test_ml_e2e');
  cpSync(shared('images/photos/eagle.jpg').path, path.join(tests, 'bird.jpg'));
  const flags = ['-q', '-p', 'upstream_plugin', '-p', 'no:cacheprovider', '-W', 'ignore', '--tb=short'];
  const pytest = spawn(python, ['-m', 'pytest', ...flags, 'tests/test_ml_e2e/test_remote_serve.py'], {
    cwd: source,
    env: {
      ...environmentOf(generation),
      PYTHONPATH: [source, path.resolve('test/interop')].join(path.delimiter),
      PYTHONDONTWRITEBYTECODE: '1',
      NODE: process.execPath,
      ZMDETECTD: path.resolve('dist/cli/zmdetectd.js'),
      PYZM_E2E_MODELS: models,
      PYZM_E2E_REQUIRE: '1',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let report = '';
  pytest.stdout.on('data', (bytes: Buffer) => (report += bytes.toString()));
  const [status] = (await once(pytest, 'close')) as [number];
  const count = (word: string) => Number(new RegExp(`(\\d+) ${word}`).exec(report)?.[1] ?? 0);
  const failed = count('failed') + count('error') + count('skipped');
  return { report, passed: count('passed'), failed: status === 0 ? failed : Math.max(1, failed) };
}
