/** Models that cannot be used: `failed` with a reason in /models, and everything else goes on. */
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';

import { startDaemon } from '../support/daemon.js';
import { weights, writeDarknet, yoloCfg } from '../support/darknet.js';
import { holds, picture, resultOf } from '../support/shapes.js';

/** A protobuf field that holds bytes; ids below 16, sizes below 128. */
function field(id: number, bytes: Buffer | string): Buffer {
  const content = Buffer.from(bytes);
  return Buffer.concat([Buffer.from([(id << 3) | 2, content.length]), content]);
}

/** A graph of one tensor, whose data is to come from a file. */
function externalData(location: string): Buffer {
  const entry = field(13, Buffer.concat([field(1, 'location'), field(2, location)]));
  return field(7, field(5, Buffer.concat([field(8, 'backbone.0.weight'), entry])));
}

t.test('what cannot be used is failed with a reason, and the others answer', async (t) => {
  const base = t.testdir({ outside: { 'w.bin': 'x' } });
  const folder = (name: string) => {
    mkdirSync(path.join(base, name), { recursive: true });
    return (file: string) => path.join(base, name, file);
  };
  for (const [name, location] of Object.entries({
    absolute: '/etc/passwd',
    above: '../outside/w.bin',
    gone: 'gone.bin',
    linked: 'link.bin',
  })) {
    const at = folder(name);
    writeFileSync(at(`${name}.onnx`), externalData(location));
    writeFileSync(at(`${name}.names`), 'thing\n');
  }
  symlinkSync(path.join(base, 'outside/w.bin'), path.join(base, 'linked/link.bin'));
  writeDarknet(base, 'two', yoloCfg.replace('classes=1', 'classes=2').replace('filters=6', 'filters=7'), weights(28));
  const embedded = folder('embedded');
  for (const file of ['default.onnx', 'default.names']) cpSync(`models/${file}`, embedded(file));
  writeFileSync(embedded('short.txt'), 'circle\nsquare\n');

  const names = ['absolute', 'above', 'gone', 'linked', 'two', 'default'];
  const daemon = await startDaemon(t, { base_path: base, models: names });
  const tensor = 'tensor backbone.0.weight is to come from';
  t.match((await daemon.get('/models')).json, {
    models: [
      { name: 'absolute', state: 'failed', error: new RegExp(`${tensor} "passwd", an absolute path`) },
      { name: 'above', state: 'failed', error: new RegExp(`${tensor} "../outside/w.bin", a path with`) },
      { name: 'gone', state: 'failed', error: new RegExp(`${tensor} "gone.bin", which is not there`) },
      { name: 'linked', state: 'failed', error: new RegExp(`${tensor} "link.bin", a link that leads out of`) },
      { name: 'two', state: 'failed', error: /1 label: the network has 2 classes/ },
      { name: 'default', state: 'ready', error: null },
    ],
  });
  const shapes = picture('shapes-10');
  const { status, json } = await daemon.upload({ file: shapes.bytes });
  t.equal(status, 200);
  holds(t, resultOf(json), shapes.objects, 'the model that is sound');

  const configured = await startDaemon(t, {
    detector_config: { models: [{ name: 'short', weights: embedded('default.onnx'), labels: embedded('short.txt') }] },
  });
  t.match((await configured.get('/models')).json, {
    models: [{ name: 'short', state: 'failed', error: /2 labels: the network has 5 classes/ }],
  });
});
