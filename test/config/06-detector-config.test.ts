import t from 'tap';
import { ConfigError } from '../../src/config/problems.js';
import { checkServerConfig } from '../../src/config/server-config.js';
import { defaultDetectorConfig, defaultModelConfig } from '../../src/detection/config.js';

const check = (detector: unknown) => checkServerConfig({ detector_config: detector }).config;

function problems(detector: unknown): readonly string[] {
  try {
    check(detector);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

t.test('without the key, or with null, there is none', async (t) => {
  t.equal(checkServerConfig({}).config.detectorConfig, null);
  t.equal(check(null).detectorConfig, null);
});

t.test('an empty one has the defaults and no models', async (t) => {
  t.strictSame(check({}).detectorConfig, defaultDetectorConfig());
});

t.test('an empty model entry has the defaults and no name', async (t) => {
  t.strictSame(check({ models: [{}, { name: null }] }).detectorConfig?.models, [
    defaultModelConfig(),
    defaultModelConfig(),
  ]);
});

t.test('every key of the detector is read', async (t) => {
  const detector = {
    match_strategy: 'union',
    frame_strategy: 'first_new',
    max_detection_size: '50%',
    pattern: '(person|car)',
    zone_match_strategy: 'largest_overlap',
    match_past_detections: 'yes',
    past_det_max_diff_area: '10%',
    past_det_max_diff_area_labels: { car: '20%' },
    ignore_past_detection_labels: ['dog'],
    aliases: [['car', 'truck']],
    image_path: '/images',
    monitor_id: '3',
    type_overrides: {
      object: {
        match_strategy: 'first',
        max_detection_size: '10px',
        match_past_detections: 'no',
        past_det_max_diff_area: '1%',
        past_det_max_diff_area_labels: { person: '2%' },
        ignore_past_detection_labels: [],
        aliases: [['a', 'b']],
      },
      face: {},
      alpr: { match_strategy: null, aliases: null },
    },
  };
  t.strictSame(check(detector).detectorConfig, {
    models: [],
    matchStrategy: 'union',
    frameStrategy: 'first_new',
    maxDetectionSize: '50%',
    pattern: '(person|car)',
    zoneMatchStrategy: 'largest_overlap',
    matchPastDetections: true,
    pastDetMaxDiffArea: '10%',
    pastDetMaxDiffAreaLabels: { car: '20%' },
    ignorePastDetectionLabels: ['dog'],
    aliases: [['car', 'truck']],
    imagePath: '/images',
    monitorId: '3',
    typeOverrides: {
      object: {
        matchStrategy: 'first',
        maxDetectionSize: '10px',
        matchPastDetections: false,
        pastDetMaxDiffArea: '1%',
        pastDetMaxDiffAreaLabels: { person: '2%' },
        ignorePastDetectionLabels: [],
        aliases: [['a', 'b']],
      },
      face: {},
      alpr: { matchStrategy: null, aliases: null },
    },
  });
});

t.test('every key of a model entry is read', async (t) => {
  const texts = {
    ...{
      name: 'Yard YOLO',
      weights: '/m/a.weights',
      config: '/m/a.cfg',
      labels: '/m/a.names',
      pattern: 'p.*',
    },
    ...{
      max_detection_size: '5%',
      known_faces_dir: '/k',
      unknown_faces_dir: '/u',
      face_model: 'hog',
    },
    ...{
      face_train_model: 'hog',
      alpr_service: 's',
      alpr_key: 'k',
      alpr_url: 'u',
      aws_region: 'eu-west-1',
    },
    ...{
      aws_access_key_id: 'i',
      aws_secret_access_key: 's',
      type: 'face',
      framework: 'face_dlib',
      processor: 'gpu',
    },
  };
  const numbers = {
    ...{
      min_confidence: 0.5,
      model_width: 320,
      model_height: 256,
      save_unknown_faces_leeway_pixels: 2,
    },
    ...{
      face_recog_dist_threshold: 0.4,
      face_num_jitters: 2,
      face_upsample_times: 3,
      platerec_min_dscore: 0.2,
    },
    ...{
      platerec_min_score: 0.3,
      birdnet_lat: 50.5,
      birdnet_lon: -3.5,
      birdnet_min_conf: 0.4,
      birdnet_sensitivity: 1.5,
    },
    ...{
      birdnet_overlap: 0.5,
      max_lock_wait: 60,
      max_processes: 2,
      gpu_retry_seconds: 30,
    },
  };
  const switches = {
    enabled: false,
    save_unknown_faces: true,
    disable_locks: true,
    allow_cpu_fallback: false,
    cuda_graph: true,
    int8_precision: 'exact',
  };
  const reading = { layout: 'yolov5', boxes: 'pixels', colour: 'bgr', scale: '-1..1', fit: 'top_left' };
  const runtime = {
    darknet_engine: 'onnxruntime',
    gpu_device: 1,
    gpu_memory_limit_bytes: 1_000_000_000,
    tensorrt: 'fp16',
    tensorrt_cache: '/engines',
  };
  const rest = {
    pre_existing_labels: ['person'],
    options: { unknown_face_name: 'stranger', n: 1 },
  };
  const entry = { ...texts, ...numbers, ...switches, ...reading, ...runtime, ...rest };

  const [model] = check({ models: [entry] }).detectorConfig?.models ?? [];
  const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  const read = Object.fromEntries(Object.entries(model ?? {}).map(([key, value]) => [snake(key), value]));
  t.strictSame(read, entry);
  t.strictSame(Object.keys(model ?? {}).sort(), Object.keys(defaultModelConfig()).sort());
});

t.test('coercions hold inside as well', async (t) => {
  const [model] =
    check({
      models: [{ enabled: 'no', model_width: '320', min_confidence: ' .5 ' }],
    }).detectorConfig?.models ?? [];
  t.match(model, { enabled: false, modelWidth: 320, minConfidence: 0.5 });
});

t.test("a network side of 0 means the model's own", async (t) => {
  const [model] = check({ models: [{ model_width: 0, model_height: null }] }).detectorConfig?.models ?? [];
  t.match(model, { modelWidth: null, modelHeight: null });
});

t.test('each problem says where it is', async (t) => {
  for (const [detector, sentence] of [
    [[], 'expected a mapping for detector_config, got a list'],
    ['x', 'expected a mapping for detector_config, got "x"'],
    [{ models: null }, 'expected a list for detector_config.models, got null'],
    [{ models: ['a'] }, 'expected a mapping for detector_config.models[0], got "a"'],
    [{ models: [{}, { name: 1 }] }, 'expected text for detector_config.models[1].name, got 1: put it in quotes'],
    [
      { models: [{ type: 'objct' }] },
      /^expected "object", "face", "alpr" or "audio" for .*type, got "objct": did you mean "object"\?$/,
    ],
    [
      { models: [{ framework: 'onnx' }] },
      /^expected "opencv", .* for detector_config\.models\[0\]\.framework, got "onnx"$/,
    ],
    [
      { models: [{ model_width: -1 }] },
      'expected a whole number of at least 0 for detector_config.models[0].model_width, got -1',
    ],
    [{ models: [{ pre_existing_labels: 'car' }] }, /pre_existing_labels, got "car": write it as \[car\]$/],
    [{ models: [{ options: null }] }, 'expected a mapping for detector_config.models[0].options, got null'],
    [{ models: [{ enabled: null }] }, 'expected yes or no for detector_config.models[0].enabled, got null'],
    [{ max_detection_size: 5 }, 'expected text for detector_config.max_detection_size, got 5: put it in quotes'],
    [{ monitor_id: 1 }, 'expected text for detector_config.monitor_id, got 1: put it in quotes'],
    [{ pattern: null }, 'expected text for detector_config.pattern, got null: put it in quotes'],
    [
      { match_strategy: 'best' },
      /^expected "first", "most", "most_unique" or "union" for .*match_strategy, got "best"$/,
    ],
    [{ aliases: [['a', 1]] }, 'expected text for detector_config.aliases[0][1], got 1: put it in quotes'],
    [{ past_det_max_diff_area_labels: { car: 5 } }, /past_det_max_diff_area_labels\.car, got 5: put it in quotes$/],
    [
      { type_overrides: { obj: {} } },
      'expected only the keys "object", "face", "alpr" or "audio" for detector_config.type_overrides, got "obj"',
    ],
    [{ type_overrides: { object: null } }, 'expected a mapping for detector_config.type_overrides.object, got null'],
    [
      { type_overrides: { object: { aliases: 'x' } } },
      /^expected a list for detector_config\.type_overrides\.object\.aliases/,
    ],
  ] as const) {
    t.match(problems(detector), [sentence], JSON.stringify(detector));
    t.equal(problems(detector).length, 1);
  }
});

t.test('its frame strategy becomes that of the server', async (t) => {
  t.equal(check({ frame_strategy: 'most' }).frameStrategy, 'most');
  t.equal(check({}).frameStrategy, 'most_models');
  t.equal(check(null).frameStrategy, 'most_models');
});
