/** A pipe in the place of a model would be read for ever. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';

import { embeddedModel, startDaemon } from '../support/daemon.js';
import { writeDarknet, yoloCfg, weights } from '../support/darknet.js';

t.test('pipes are not taken for models, and the others answer', async (t) => {
  const base = t.testdir();
  mkdirSync(path.join(base, 'a'));
  execFileSync('mkfifo', [path.join(base, 'a', 'pipe.onnx')]);
  writeDarknet(base, 'net', yoloCfg, weights(28));
  rmSync(path.join(base, 'net', 'net.cfg'));
  execFileSync('mkfifo', [path.join(base, 'net', 'net.cfg')]);
  const pipe = path.join(base, 'a', 'pipe.onnx');
  const daemon = await startDaemon(t, { base_path: base, models: [embeddedModel, pipe, 'net'] });
  t.match((await daemon.get('/models')).json, {
    models: [
      { name: 'default', state: 'ready' },
      { name: 'pipe.onnx', state: 'failed', error: /no weight file was found for model pipe\.onnx/ },
      { name: 'net', state: 'failed', error: /needs its \.cfg file, and none was found beside/ },
    ],
  });
});
