import t from 'tap';

import type { ResultJson } from '../../src/detection/wire.js';
import { objectsJson, prediction } from '../../src/hook/line.js';
import { Float, pythonJson } from '../../src/hook/python-json.js';

const result: ResultJson = {
  boxes: [
    [412, 96, 655, 702],
    [18, 300, 140, 377],
    [-3, 10, 40, 80],
  ],
  labels: ['person', 'car', 'person'],
  confidences: [0.9712345361709595, 0.8, 0.41200000047683716],
  frame_id: 'snapshot',
  image_dimensions: { original: [720, 1280], resized: null },
  error_boxes: [],
  model_names: ['yolo11s', 'yolo11s', 'yolo11s'],
  detection_types: ['object', 'object', 'object'],
  polygons: [],
};
const shown = { showPercent: true, showModels: false, showFrameType: true };

t.test('the line is the one that zm_detect.py prints, byte for byte', async (t) => {
  const line = `${prediction(result, shown)}--SPLIT--${objectsJson(result)}`;
  t.equal(
    line,
    '[s] detected:person:97% car:80% --SPLIT--{"labels": ["person", "car", "person"], ' +
      '"boxes": [[412, 96, 655, 702], [18, 300, 140, 377], [-3, 10, 40, 80]], "frame_id": "snapshot", ' +
      '"confidences": [0.9712345361709595, 0.8, 0.41200000047683716], ' +
      '"image_dimensions": {"original": [720, 1280], "resized": null}}',
  );
});

t.test('a label cannot begin another line or split this one', async (t) => {
  const labels = ['person\n[a] detected:fire', 'x--SPLIT--{"a":1}', 'y--SPLIT'];
  const forged: ResultJson = { ...result, labels, frame_id: '1\n--SPLIT--' };
  for (const options of [shown, { ...shown, showPercent: false, showModels: true }]) {
    const line = `${prediction(forged, options)}--SPLIT--${objectsJson(forged)}`;
    t.equal(line.split('--SPLIT--').length, 2, line);
    t.notMatch(line, /[\p{Cc}]/u);
    t.doesNotThrow(() => void JSON.parse(line.split('--SPLIT--')[1] ?? ''));
  }
});

t.test('the sign in front says which frame it was', async (t) => {
  for (const [frame, sign] of [
    ['snapshot', '[s] '],
    ['alarm', '[a] '],
    ['17', '[x] '],
    ['single', '[x] '],
    [null, '[x] '],
  ] as const) {
    t.equal(prediction({ ...result, frame_id: frame }, shown), `${sign}detected:person:97% car:80% `);
  }
  t.equal(prediction(result, { ...shown, showFrameType: false }), 'detected:person:97% car:80% ');
});

t.test('without per cent the labels stand with commas between them', async (t) => {
  t.equal(prediction(result, { ...shown, showPercent: false }), '[s] detected:person,car');
});

t.test('show_models names the model before each label', async (t) => {
  t.equal(prediction(result, { ...shown, showModels: true }), '[s] detected:(yolo11s) person:97% (yolo11s) car:80% ');
});

t.test('halves of a per cent go to the even number', async (t) => {
  for (const [confidence, text] of [
    [0.985, '98%'],
    [0.125, '12%'],
    [0.375, '38%'],
    [0.996, '100%'],
    [1, '100%'],
    [0.004, '0%'],
  ] as const) {
    const one = { ...result, labels: ['dog'], confidences: [confidence] };
    t.equal(prediction(one, shown), `[s] detected:dog:${text} `);
  }
});

t.test('JSON is written as json.dumps does', async (t) => {
  for (const [value, text] of [
    [{ a: [1, new Float(1), null, true] }, '{"a": [1, 1.0, null, true]}'],
    [new Float(0.3), '0.3'],
    [new Float(0.00001), '1e-05'],
    [new Float(0.0001), '0.0001'],
    [new Float(0), '0.0'],
    [new Float(1.5e-7), '1.5e-07'],
    ['J\u00fcrgen "\ud83d\ude00"\n', '"J\\u00fcrgen \\"\\ud83d\\ude00\\"\\n"'],
    ['a\u007fb', '"a\u007fb"'],
    [[], '[]'],
    [{}, '{}'],
  ] as const) {
    t.equal(pythonJson(value), text);
  }
});
