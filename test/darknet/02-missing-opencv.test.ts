/** A host without OpenCV: everything else runs, and the model that needs it says what to install. */
import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';

import { binariesFolder } from '../../src/package-root.js';
import { regionCfg, writeDarknet, yoloCfg } from '../support/darknet.js';
import { picture } from '../support/shapes.js';

/** A copy of the program with its own folder of binaries; `backend` is put there as zmdetect_opencv.so. */
function installed(t: Test, backend: Buffer | null): string {
  const root = t.testdir({ 'package.json': '{ "version": "0.0.0", "type": "module" }' });
  cpSync('.build/src', path.join(root, 'src'), { recursive: true });
  symlinkSync(path.resolve('node_modules'), path.join(root, 'node_modules'));
  const binaries = path.join(root, 'build/Release');
  mkdirSync(binaries, { recursive: true });
  for (const name of readdirSync(binariesFolder)) {
    if (name !== 'zmdetect_opencv.so') symlinkSync(path.join(binariesFolder, name), path.join(binaries, name));
  }
  if (backend !== null) writeFileSync(path.join(binaries, 'zmdetect_opencv.so'), backend);
  return root;
}

/** A daemon of that copy as a process of its own, and the address that it says it listens on. */
async function start(t: Test, root: string, args: readonly string[]): Promise<string> {
  const program = path.join(root, 'src/cli/zmdetectd.js');
  const daemon: ChildProcess = spawn(process.execPath, [program, '--host', '127.0.0.1', '--port', '0', ...args]);
  t.teardown(() => daemon.kill('SIGKILL'));
  let log = '';
  return await new Promise((resolve, reject) => {
    const read = (text: Buffer) => {
      log += text.toString();
      const port = /"port":(\d+)/.exec(log)?.[1] ?? /127\.0\.0\.1:(\d+)/.exec(log)?.[1];
      if (port !== undefined) resolve(`http://127.0.0.1:${port}`);
    };
    daemon.stdout?.on('data', read);
    daemon.stderr?.on('data', read);
    daemon.on('exit', (code) => reject(new Error(`ended with ${code}: ${log}`)));
  });
}

async function models(url: string): Promise<unknown> {
  return ((await (await fetch(`${url}/models`)).json()) as { models: unknown }).models;
}

/** The shared library that was there when the backend was built, under a name that no host has. */
function withoutLibrary(): Buffer {
  const text = readFileSync(path.join(binariesFolder, 'zmdetect_opencv.so'), 'latin1');
  return Buffer.from(
    text.replace(/libopencv_dnn\.so\.\d+/, (name) => name.replace(/\d/g, '9')),
    'latin1',
  );
}

const opencv = path.join(binariesFolder, 'zmdetect_opencv.so');
const cases = [
  ['built without it', () => null, /this build has no opencv backend .*: install libopencv-dnn-dev/],
  ['its library is gone', withoutLibrary, /libopencv_dnn\.so\.9+: cannot open shared object file.*libopencv-dnn-dev/],
] as const;

for (const [name, backend, sentence] of cases) {
  const skip = name !== 'built without it' && !existsSync(opencv) ? 'this build has no opencv backend' : false;
  t.test(`OpenCV is missing: ${name}`, { skip }, async (t) => {
    const root = installed(t, backend());
    const base = path.join(root, 'models');
    writeDarknet(base, 'region', regionCfg);
    writeDarknet(base, 'yolo', yoloCfg);
    mkdirSync(path.join(base, 'embedded'));
    for (const file of ['default.onnx', 'default.names']) cpSync(`models/${file}`, path.join(base, 'embedded', file));
    const url = await start(t, root, ['--base-path', base, '--models', 'default', 'region', 'yolo']);
    t.match(await models(url), [
      { name: 'default', state: 'ready' },
      { name: 'region', state: 'failed', error: sentence },
      { name: 'yolo', state: 'ready', runtime: /^ONNX Runtime/ },
    ]);
    const body = new FormData();
    body.set('file', new Blob([picture('shapes-01').bytes]), 'image.jpg');
    const answer = await fetch(`${url}/detect`, { method: 'POST', body });
    t.equal(answer.status, 200);
    t.ok(((await answer.json()) as { labels: string[] }).labels.length > 0, 'ONNX still serves');
  });
}
