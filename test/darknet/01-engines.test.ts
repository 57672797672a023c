/** `darknet_engine`: which of the two engines runs a Darknet model, and where one sees it. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';

import { binariesFolder } from '../../src/package-root.js';
import { startDaemon } from '../support/daemon.js';
import { regionCfg, weights, writeDarknet, yoloCfg } from '../support/darknet.js';
import { picture } from '../support/shapes.js';

interface Row {
  readonly name: string;
  readonly state: string;
  readonly runtime: string | null;
  readonly layout: string | null;
  readonly error: string | null;
}

const built = existsSync(path.join(binariesFolder, 'zmdetect_opencv.so'));
if (!built && process.env.CI === 'true') throw new Error('the opencv backend is not built');
const skip = built ? false : 'this build has no opencv backend';

async function rows(t: Test, settings: Readonly<Record<string, unknown>>): Promise<Row[]> {
  const base = t.testdir();
  writeDarknet(base, 'region', regionCfg);
  writeDarknet(base, 'yolo', yoloCfg);
  const daemon = await startDaemon(t, { base_path: base, models: ['region', 'yolo'], ...settings });
  return ((await daemon.get('/models')).json as { models: Row[] }).models;
}

t.test('auto takes ONNX Runtime, and OpenCV for what our importer does not know', { skip }, async (t) => {
  t.match(await rows(t, {}), [
    { name: 'region', state: 'ready', runtime: /^OpenCV 4\./, layout: 'darknet' },
    { name: 'yolo', state: 'ready', runtime: /^ONNX Runtime /, layout: 'darknet' },
  ]);
});

t.test('opencv and onnxruntime take what they are told', { skip }, async (t) => {
  t.match(await rows(t, { darknet_engine: 'opencv' }), [{ runtime: /^OpenCV 4\./ }, { runtime: /^OpenCV 4\./ }]);
  t.match(await rows(t, { darknet_engine: 'onnxruntime' }), [
    { state: 'failed', runtime: null, error: /region\.cfg:10: \[region\]/ },
    { state: 'ready', runtime: /^ONNX Runtime / },
  ]);
});

t.test('a model says differently, and the log says which engine it got', { skip }, async (t) => {
  const base = t.testdir();
  const entry = (name: string) => ({ name, weights: writeDarknet(base, name, yoloCfg) });
  const beside = (name: string) => ({
    config: path.join(base, name, `${name}.cfg`),
    labels: path.join(base, name, `${name}.names`),
  });
  const daemon = await startDaemon(t, {
    darknet_engine: 'onnxruntime',
    detector_config: {
      models: [
        { ...entry('a'), ...beside('a') },
        { ...entry('b'), ...beside('b'), darknet_engine: 'opencv' },
      ],
    },
  });
  t.match(daemon.logged({ msg: 'model loaded' }), [
    { model: 'a', runtime: /^ONNX Runtime / },
    { model: 'b', runtime: /^OpenCV 4\./ },
  ]);
});

t.test('both engines find the same in a picture', { skip }, async (t) => {
  const base = t.testdir();
  writeDarknet(base, 'yolo', yoloCfg);
  const found = async (engine: string) => {
    const daemon = await startDaemon(t, { base_path: base, models: ['yolo'], darknet_engine: engine });
    const { status, json } = await daemon.upload({ file: picture('shapes-01').bytes });
    t.equal(status, 200);
    return json as { labels: string[]; boxes: number[][]; confidences: number[] };
  };
  const [ours, theirs] = [await found('onnxruntime'), await found('opencv')];
  t.ok(ours.labels.length > 1, `${ours.labels.length} boxes`);
  t.strictSame(theirs.boxes, ours.boxes);
  t.strictSame(theirs.labels, ours.labels);
  for (const [i, confidence] of ours.confidences.entries()) {
    t.ok(Math.abs(confidence - (theirs.confidences[i] ?? 0)) <= 1e-3);
  }
});

t.test('where neither engine takes a file both say why', { skip }, async (t) => {
  const base = t.testdir();
  writeDarknet(base, 'capsule', yoloCfg.replace('[yolo]', '[capsule]'));
  writeDarknet(base, 'short', regionCfg, weights(20));
  const daemon = await startDaemon(t, { base_path: base, models: ['capsule', 'short', 'default=' + defaultModel] });
  t.match((await daemon.get('/models')).json, {
    models: [
      { name: 'capsule', state: 'failed', error: /\[capsule\] is no layer.*nor does OpenCV take it:.*capsule/ },
      { name: 'short', state: 'failed', error: /the \.cfg wants 24 floats, the \.weights has 20/ },
      { name: 'default', state: 'ready' },
    ],
  });
});

const defaultModel = path.resolve('models/default.onnx');
