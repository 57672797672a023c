/** Nothing leaves the host, and nothing is written about it: no name asked, no connection tried, no file made. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';

import { embeddedModel } from '../support/daemon.js';
import { Trapped, trapUnavailable } from './trap.js';

const skip = trapUnavailable();
const picture = path.resolve('models/sample.jpg');
const collector = 'mobile.events.data.microsoft.com';

function program(name: string): readonly string[] {
  return [process.execPath, '.build/test/security/programs.js', name, embeddedModel, picture];
}
function cli(name: string, ...args: readonly string[]): readonly string[] {
  return [process.execPath, `.build/src/cli/${name}.js`, ...args];
}

function objectconfig(folder: string): string {
  const file = path.join(folder, 'objectconfig.yml');
  writeFileSync(
    file,
    `general:
  portal: http://127.0.0.1:9
  api_portal: http://127.0.0.1:9
  user: user
  password: word
  image_path: ${path.dirname(file)}
ml:
  stream_sequence:
    frame_set: snapshot
  ml_sequence:
    general:
      model_sequence: object
    object:
      sequence:
        - name: default
          object_weights: ${embeddedModel}
          object_labels: ${path.resolve('models/default.names')}
`,
  );
  return file;
}

const silent = { queries: [], hosts: [], datagrams: 0, files: [] };

t.test('the trap sees what ONNX Runtime reports, and our programs report nothing meanwhile', { skip }, async (t) => {
  // Ours start first, so that each has lived longer than the runtime needs to report.
  const folder = t.testdir({ library: {}, daemon: {}, runtime: {} });
  const library = new Trapped(path.join(folder, 'library'), program('library'));
  const daemon = new Trapped(path.join(folder, 'daemon'), program('daemon'));
  await Promise.all([library.said('ready\n'), daemon.said('ready\n')]);
  const bare = new Trapped(path.join(folder, 'runtime'), program('runtime'));
  await bare.contact();
  const seen = await bare.evidence();
  t.ok(seen.queries.includes(collector), 'the runtime as it comes asks for its collector');
  t.ok(seen.hosts.includes(collector), 'and greets it');
  t.match(seen.files.join('\n'), /deviceid[^]*onnxruntime\.db[^]*mat-debug-\d+\.log/, 'and writes files');

  const [ofLibrary, ofDaemon] = await Promise.all([library.evidence(), daemon.evidence()]);
  t.match(ofLibrary, { ...silent, status: 0, connections: 0 }, 'the library reports nothing');
  t.strictSame(ofLibrary.files, []);
  t.match(ofDaemon, { ...silent, status: 0, connections: 1 }, 'the one connection is the upload of the test');
  t.strictSame(ofDaemon.files, []);
});

t.test('a hook that detects by itself, and doctor, leave no trace', { skip }, async (t) => {
  const folder = t.testdir({ hook: {}, doctor: {} });
  const config = objectconfig(folder);
  const hook = new Trapped(path.join(folder, 'hook'), cli('zm_detect', '--config', config, '--file', picture));
  const seen = await hook.end();
  t.match(seen, { ...silent, status: 0, connections: 0, output: /detected:/ });
  t.strictSame(seen.files, []);

  const models = ['--models', embeddedModel];
  const doctor = await new Trapped(path.join(folder, 'doctor'), cli('zmdetect', 'doctor', ...models)).end();
  t.match(doctor, { ...silent, status: 0, connections: 0, output: /ready on cpu/ });
  t.strictSame(doctor.files, []);
});

t.test('a setting of the environment does not switch it on', { skip }, async (t) => {
  const trapped = new Trapped(t.testdir(), cli('zmdetect', 'doctor', '--models', embeddedModel), {
    ORT_DISABLE_TELEMETRY: '0',
  });
  t.strictSame((await trapped.end()).files, []);
});
