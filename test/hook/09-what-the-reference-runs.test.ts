/** Odd values that zm_detect.py runs with: said as warnings, and read as it reads them. */
import { chmodSync, writeFileSync } from 'node:fs';
import t, { type Test } from 'tap';

import { checkSource } from '../../src/hook/check.js';
import { looksForAnything, runnable } from '../../src/hook/models.js';
import { override } from '../../src/hook/overrides.js';
import { type HookSettings, settingsOf } from '../../src/hook/settings.js';
import { readSource } from '../../src/hook/source.js';
import { changed, good, problemsOf, write } from './objectconfig.js';

interface Read {
  readonly settings: HookSettings;
  readonly warnings: readonly string[];
}

/** What one monitor's events are analysed with. Fails where an error stands in the way. */
async function read(t: Test, config: string, monitorId = '1'): Promise<Read> {
  const { tree, problems, modelProblems } = checkSource(await readSource(write(t, { config })));
  const all = [...problems, ...(await modelProblems(monitorId))].filter(({ severity }) => severity !== 'note');
  t.strictSame(
    all.filter(({ severity }) => severity === 'error'),
    [],
  );
  return { settings: settingsOf(tree, monitorId), warnings: all.map(({ sentence }) => sentence) };
}

type Odd = readonly [from: string, to: string, warning: RegExp, settings: object];

const odd: readonly Odd[] = [
  ['wait: 0', 'wait: 0.5', /general\.wait, got 0\.5: 0 counts/, { wait: 0 }],
  ['wait: 0', 'wait: -3', /general\.wait, got -3: 0 counts/, { wait: 0 }],
  ['wait: 0', 'wait: yes', /general\.wait, got true: 1 counts/, { wait: 1 }],
  ['wait: 0', 'wait: ""', /general\.wait, got "": the default counts/, { wait: 0 }],
  ['show_percent: "yes"', 'show_percent: 20', /show_percent, got 20: "yes" counts/, { showPercent: true }],
  ['show_percent: "yes"', 'show_percent: nope', /show_percent, got "nope": "yes" counts/, { showPercent: true }],
  ['wait: 0', 'show_frame_match_type: off or on', /got "off or on": "yes" counts/, { showFrameType: true }],
  ['wait: 0', 'show_models: 3', /show_models, got 3: "no" counts/, { showModels: false }],
  ['wait: 0', 'write_debug_image: [yes]', /write_debug_image, got .*: "no" counts/, { writeDebugImage: false }],
  ['"yes"\n  base', '"maybe"\n  base', /allow_self_signed.*"no" counts/, { zoneMinder: { verifySsl: true } }],
  ['wait: 0', 'image_path: true', /image_path, got true:.*"True" counts/, { imagePath: 'True' }],
  ['wait: 0', 'image_path: {a: b}', /image_path, got .*the default counts/, { imagePath: /\/images$/ }],
  ['ml_timeout: 60', 'ml_timeout: 0.5', /ml_timeout, got 0\.5: 1 counts/, {}],
  ['"snapshot,alarm"', '5', /frame_set, got 5: snapshot, alarm and 1 count/, { stream: { frameSet: undefined } }],
  ['"snapshot,alarm"', 'true', /frame_set, got true: snapshot, alarm/, { stream: { frameSet: undefined } }],
  ['"snapshot,alarm"', 'alrm', /did you mean "alarm".*snapshot, alarm and 1/, { stream: { frameSet: undefined } }],
  ['"snapshot,alarm"', '[foo, alarm, 7]', /alarm, 7 counts/, { stream: { frameSet: ['alarm', '7'] } }],
  ['max_attempts: 3', 'max_attempts: 2.9', /max_attempts, got 2\.9: 2 counts/, { stream: { maxAttempts: 2 } }],
  ['max_attempts: 3', 'max_attempts: 0', /max_attempts, got 0: 1 counts/, { stream: { maxAttempts: 1 } }],
  ['max_attempts: 3', 'delay: -1', /delay, got -1: 0 counts/, { stream: { delay: 0 } }],
  ['resize: "no"', 'resize: 640.9', /resize, got 640\.9: 640 counts/, { resize: 640 }],
  ['resize: "no"', 'resize: 0', /resize, got 0: frames keep their size/, { resize: null }],
  ['resize: "no"', 'convert_snapshot_to_fid: 2', /got 2: the default counts/, { convertSnapshot: false }],
];

for (const [from, to, warning, settings] of odd) {
  t.test(`${to.replaceAll('\n', ' ')} runs with a warning`, async (t) => {
    const found = await read(t, changed(from, to));
    t.match(found.warnings, [warning]);
    t.equal(found.warnings.length, 1, found.warnings.join('\n'));
    t.match(found.settings, settings);
  });
}

t.test('a gateway mode of another name uploads, as it does there', async (t) => {
  const remote = 'ml_gateway: http://gpu:5000\n  ml_gateway_mode: URL';
  const { settings, warnings } = await read(t, changed('ml_timeout: 60', remote));
  t.match(warnings, [/ml_gateway_mode, got "URL": did you mean "url"\?; "image" counts/]);
  t.match(settings, { gateway: { mode: 'image' } });
});

t.test('other cases of no keep the size', async (t) => {
  t.match(await read(t, changed('resize: "no"', 'resize: "No"')), { settings: { resize: null }, warnings: [] });
});

t.test('odd values of an entry and of a type', async (t) => {
  const rows: readonly [from: string, to: string, warning: RegExp, sequence: object][] = [
    [
      'enabled: "yes"',
      'enabled: maybe',
      /enabled, got "maybe": "no" counts/,
      { object: { sequence: [{ enabled: false }] } },
    ],
    [
      'enabled: "yes"',
      'enabled: 2',
      /enabled, got 2: the default counts/,
      { object: { sequence: [{ enabled: undefined }] } },
    ],
    ['enabled: "yes"', 'object_processor: npu', /object_processor, got "npu":.* "cpu" counts/, {}],
    ['enabled: "yes"', 'pre_existing_labels: car', /expected a list .*the default counts/, {}],
    ['enabled: "yes"', 'max_size: big', /max_size, got "big": no detection is too large/, {}],
    ['"10%"', 'little', /car_past_det_max_diff_area, got "little": only what is exactly/, {}],
    [
      'enabled: "yes"',
      'model_width: 640.5',
      /model_width, got 640\.5: 640 counts/,
      { object: { sequence: [{ model_width: 640 }] } },
    ],
  ];
  for (const [from, to, warning, sequence] of rows) {
    const { settings, warnings } = await read(t, changed(from, to));
    t.match(warnings[0], warning);
    t.match(settings.mlSequence, sequence);
  }
});

t.test('a model_sequence of unknown words runs the known ones; none is known: nothing is looked for', async (t) => {
  for (const [words, types] of [
    ['"object,plates"', ['object']],
    ['""', []],
    ['"plates"', []],
    ['5', []],
  ] as const) {
    const { settings, warnings } = await read(t, changed('model_sequence: "object"', `model_sequence: ${words}`));
    t.strictSame((settings.mlSequence.general as Record<string, unknown>).model_sequence, types);
    t.equal(looksForAnything(settings.mlSequence), types.length > 0);
    t.match(warnings[0], types.length > 0 ? /object counts/ : /no model runs, and nothing is found/);
  }
});

t.test('all entries disabled is how a monitor is left out', async (t) => {
  const off =
    '    ml_sequence:\n      object:\n        sequence:\n          - name: x\n            enabled: "no"\n    zones:';
  const { settings, warnings } = await read(t, good.replace('    zones:', off));
  t.notOk(looksForAnything(settings.mlSequence));
  t.match(warnings, [/no entry of monitors\.1\.ml_sequence is enabled \(object\), so nothing is looked for/]);
});

t.test('an entry without its files does not keep the others from running', async (t) => {
  const second = (lines: string) =>
    changed('        - name: YOLO', `        - name: TPU\n${lines}        - name: YOLO`);
  for (const [lines, says] of [
    [
      '          object_weights: /none/x.tflite\n          object_framework: coral_edgetpu\n',
      /object_weights names \/none\/x\.tflite, but there is no directory \/none; the other entries run/,
    ],
    ['          object_weights: BASE/yolo.onnx.weights\n', /no such file.*the other entries run/],
    ['          object_weights: BASE/yolo.tflite\n          object_labels: BASE/none.txt\n', /yolo\.tflite/],
    ['          object_weights: BASE/yolo.pt\n', /export it to ONNX \("yolo export model=yolo\.pt format=onnx"\)/],
    ['          object_weights: BASE/yolo.engine\n', /TensorRT engine.*name the \.onnx file/],
    ['          object_weights: "{{tpu}}"\n', /object_weights holds \{\{tpu\}\}, which nothing fills in/],
    ['          object_framework: aws_rekognition\n', /aws_rekognition does not run here/],
    ['          object_weights: ""\n', /TPU/],
    ['          object_weights: BASE\n', /that is a folder: name a file in it/],
  ] as const) {
    const { settings, warnings } = await read(t, second(lines));
    t.match(warnings.join('\n'), says);
    const { object } = await runnable(settings.mlSequence, settings.modelsFolder, true);
    t.match(object, { sequence: [{ name: 'YOLO' }] }, lines);
  }
});

t.test('a missing label file does not stop a model that holds its labels', async (t) => {
  const config = changed(
    'object_framework: opencv',
    'object_framework: opencv\n          object_labels: /none/coco.names',
  );
  const { settings, warnings } = await read(t, config);
  t.match(warnings, [/object_labels names \/none\/coco\.names, but there is no directory/]);
  const { object } = await runnable(settings.mlSequence, settings.modelsFolder, true);
  t.strictSame(Object.keys((object as { sequence: object[] }).sequence[0] ?? {}).includes('object_labels'), false);
});

t.test('no entry that can run is an error', async (t) => {
  const found = await problemsOf(write(t, { config: changed('yolo.onnx', 'none.onnx') }));
  t.match(found, [{ severity: 'error', sentence: /none\.onnx/ }]);
});

t.test('what no event reads does not stop one', async (t) => {
  for (const [what, config] of [
    ['push that is no mapping', `${good}push: "yes"\n`],
    ['a word in push.enabled', `${good}push:\n  enabled: maybe\n`],
    ['a secret of push that is missing', `${good}push:\n  enabled: "no"\n  picture_url: "!NONE"\n`],
    ['a secret of the animation section that is missing', `${good}animation:\n  key: "!NONE"\n`],
    [
      'an unknown framework of a type that does not run',
      good.replace(
        '    object:\n',
        '    face:\n      sequence:\n        - face_detection_framework: eyes\n    object:\n',
      ),
    ],
    ['no stream_sequence', good.replace(/ {2}stream_sequence:\n(?: {4}.*\n)+/, '')],
  ] as const) {
    const { warnings } = await read(t, config);
    t.equal(warnings.length, 1, `${what}: ${warnings.join('\n')}`);
  }
});

t.test('a stream_sequence that is a text, as older files have it, is read', async (t) => {
  const text = "  stream_sequence: \"{'frame_set': 'alarm', 'max_attempts': 4, 'resize': None,}\"\n";
  const config = good.replace(/ {2}stream_sequence:\n(?: {4}.*\n)+/, text);
  const { settings, warnings } = await read(t, config);
  t.match(settings, { stream: { frameSet: ['alarm'], maxAttempts: 4 }, resize: null });
  t.strictSame(warnings, []);
});

t.test('secrets beside the working directory are found, as there', async (t) => {
  const config = write(t, { config: changed('secrets: secrets.yml', 'secrets: .tap/hook-secrets.yml') });
  writeFileSync(
    '.tap/hook-secrets.yml',
    'secrets: {ZM_PORTAL: "http://a/zm", ZM_API_PORTAL: "http://a/zm/api", ZM_USER: u, ZM_PASSWORD: p}',
  );
  chmodSync('.tap/hook-secrets.yml', 0o600);
  t.strictSame(await problemsOf(config), []);
});

t.test('--override passes over what it does not know', async (t) => {
  const says = (text: string) => override({ wait: 0, show_percent: 'no', ml_sequence: {} }, text);
  t.match(says('shw_percent=no'), /--override shw_percent=no is ignored: the configuration has no key shw_percent/);
  t.match(says('show_percent'), /--override show_percent is ignored: expected KEY=VALUE/);
  t.match(says('show_percent=20'), /for --override show_percent, got 20: "yes" counts/);
  t.match(says('wait=0.5'), /for --override wait, got 0\.5: 0 counts/);
  t.match(says('ml_sequence=x'), /is ignored: ml_sequence holds more than one value/);
  t.equal(says('wait=4'), undefined);
});
