import { writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';

import { Detector } from '../../src/client/detector.js';
import { readMlSequence } from '../../src/client/ml-sequence.js';
import { MemoryLog } from '../support/client.js';

const general = { model_sequence: 'object,face,alpr' };

t.test('entries of each type, with upstream’s defaults', async (t) => {
  const { options } = readMlSequence({
    general,
    object: {
      general: { pattern: '(person|car)', max_detection_size: '90%' },
      sequence: [
        {
          name: 'YOLO ONNX',
          enabled: 'yes',
          object_weights: '/models/yolo11s.onnx',
          object_labels: '/models/coco.names',
          object_framework: 'opencv',
          object_processor: 'gpu',
          object_min_confidence: '0.4',
          model_width: 416,
          extra: 1,
        },
      ],
    },
    face: {
      sequence: [
        {
          name: 'faces',
          face_detection_framework: 'dlib',
          known_images_path: '/faces',
          pre_existing_labels: ['person'],
        },
      ],
    },
    alpr: { sequence: [{ name: 'plates', alpr_key: 'k', alpr_service: 'plate_recognizer' }] },
  });
  t.match(options, { matchStrategy: 'first', models: { length: 3 } });
  const [yolo, faces, plates] = options.models as object[];
  t.match(yolo, {
    name: 'YOLO ONNX',
    type: 'object',
    enabled: true,
    weights: '/models/yolo11s.onnx',
    labels: '/models/coco.names',
    framework: 'opencv',
    processor: 'gpu',
    minConfidence: 0.4,
    modelWidth: 416,
    pattern: '(person|car)',
    maxDetectionSize: '90%',
    options: { extra: 1 },
  });
  t.match(faces, { type: 'face', framework: 'face_dlib', knownFacesDir: '/faces', preExistingLabels: ['person'] });
  t.match(plates, { type: 'alpr', framework: 'plate_recognizer', alprKey: 'k' });
});

t.test('only the types of model_sequence, in its order; unknown words are passed over', async (t) => {
  const sections = { object: { sequence: [{ name: 'a' }] }, face: { sequence: [{ name: 'b' }] } };
  const named = (sequence: string) =>
    readMlSequence({ general: { model_sequence: sequence }, ...sections }).options.models?.map((model) =>
      typeof model === 'string' ? model : model.name,
    );
  t.strictSame(named('face,object'), ['b', 'a']);
  t.strictSame(named('object, dog'), ['a']);
  t.strictSame(readMlSequence(sections).options.models?.length, 1);
});

t.test('filters and strategies, for all and for one type', async (t) => {
  const { options } = readMlSequence({
    general: {
      ...general,
      same_model_sequence_strategy: 'union',
      frame_strategy: 'most',
      pattern: '(person|dog)',
      match_past_detections: 'yes',
      past_det_max_diff_area: '6%',
      car_past_det_max_diff_area: '10%',
      ignore_past_detection_labels: ['dog'],
      aliases: [['car', 'truck']],
      monitor_id: 3,
      image_path: '/images',
    },
    object: {
      general: { same_model_sequence_strategy: 'most', dog_past_det_max_diff_area: '7%' },
      sequence: [{ name: 'a' }],
    },
  });
  t.match(options, {
    matchStrategy: 'union',
    frameStrategy: 'most',
    pattern: '(person|dog)',
    matchPastDetections: true,
    pastDetMaxDiffArea: '6%',
    pastDetMaxDiffAreaLabels: { car: '10%' },
    ignorePastDetectionLabels: ['dog'],
    aliases: [['car', 'truck']],
    monitorId: '3',
    imagePath: '/images',
    typeOverrides: { object: { matchStrategy: 'most', pastDetMaxDiffAreaLabels: { dog: '7%' } } },
    models: [{ pattern: '(person|dog)' }],
  });
});

t.test('the gateway', async (t) => {
  const { options } = readMlSequence({
    general: {
      ml_gateway: 'http://gpu:5000',
      ml_gateway_mode: 'image',
      ml_user: 'zm',
      ml_password: 'secret',
      ml_timeout: '30',
      ml_fallback_local: 'yes',
    },
  });
  t.match(options, {
    gateway: 'http://gpu:5000',
    gatewayMode: 'image',
    gatewayUsername: 'zm',
    gatewayPassword: 'secret',
    gatewayTimeout: 30,
    fallbackLocal: true,
  });
  t.notOk('models' in options, 'without entries the server chooses');
});

t.test('what is wrong stands in a sentence, with its place', async (t) => {
  const broken = {
    general: { ...general, ml_timeout: 'soon', frame_strategy: 'best', ml_password: { a: 1 } },
    object: { sequence: [{ name: 'a', object_framework: 'opencvv', object_min_confidence: 'high' }, 'yolo'] },
    face: 'none',
  };
  t.throws(() => Detector.fromDict(broken), {
    code: 'CONFIG_INVALID',
    problems: [
      'expected "first", "first_new", "most", "most_unique" or "most_models" for general.frame_strategy, got "best"',
      'expected a mapping for face, got a text',
      'expected "opencv", "coral_edgetpu", "face_dlib", "face_tpu", "plate_recognizer", "openalpr", "aws_rekognition", "virelai", "hog" or "birdnet" for object.sequence[0].object_framework, got "opencvv": did you mean "opencv"?',
      'expected a number for object.sequence[0].object_min_confidence, got "high"',
      'expected a mapping for object.sequence[1], got a text',
      'expected a number of at least 0.001 for general.ml_timeout, got "soon"',
      'expected text for general.ml_password, got a mapping (not shown)',
    ],
  });
});

t.test('a misspelt key gets the nearest right one', async (t) => {
  const log = new MemoryLog();
  const options = { general: { patern: 'car' }, object: { sequence: [{ name: 'a', object_weigths: '/a.onnx' }] } };
  Detector.fromDict(options, { log });
  t.strictSame(
    log.lines.map(({ message }) => message),
    [
      'unknown key object.sequence[0].object_weigths is ignored: did you mean object.sequence[0].object_weights?',
      'unknown key general.patern is ignored: did you mean general.pattern?',
    ],
  );
});

t.test('a secret that only the hook can look up is told of', async (t) => {
  const file = path.join(t.testdir(), 'objectconfig.yml');
  writeFileSync(file, 'ml_sequence: {general: {ml_gateway: "http://gpu", ml_password: "!ML_PASSWORD"}}\n');
  const log = new MemoryLog();
  await Detector.fromConfig(file, { log });
  t.match(log.lines, [{ level: 'warn', message: /^general.ml_password is the text !ML_PASSWORD/ }]);
});

t.test('a file: objectconfig.yml, or the ml_sequence alone; what the caller says wins', async (t) => {
  const sequence = 'general: {frame_strategy: most}\nobject: {sequence: [{name: yard}]}\n';
  const indented = (text: string) => text.replace(/^/gm, '  ');
  const folder = t.testdir();
  const files = {
    alone: sequence,
    section: `ml_sequence:\n${indented(sequence)}`,
    objectconfig: `ml:\n  ml_sequence:\n${indented(indented(sequence))}`,
  };
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(folder, `${name}.yml`);
    writeFileSync(file, text);
    const detector = await Detector.fromConfig(file, { pattern: 'car', log: new MemoryLog() });
    t.match(detector.config, { frameStrategy: 'most', pattern: 'car', matchStrategy: 'first' }, name);
  }
  await t.rejects(Detector.fromConfig(path.join(folder, 'none.yml')), {
    code: 'CONFIG_INVALID',
    message: /no such file/,
  });
});
