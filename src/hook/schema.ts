/** The keys of an `objectconfig.yml`, section by section. docs/reference/objectconfig.md is the page about them. */
import { frameStrategies, frameworks, matchStrategies, modelTypes, zoneMatchStrategies } from '../detection/config.js';
import { boxUnits, colours, fits, layouts, scales } from '../detection/reading.js';
import { readReal } from '../config/readers.js';
import {
  anything,
  choice,
  flag,
  form,
  integer,
  list,
  looseSecret,
  looseText,
  type MappingRule,
  mapping,
  pattern,
  quotedFlag,
  real,
  type Rule,
  type ValueRule,
  secretText,
  text,
  unlessNo,
  unused,
  words,
} from './rules.js';

type Keys = Readonly<Record<string, Rule>>;

const isNo = (value: unknown): boolean => typeof value === 'string' && /^(?:no|none)$/i.test(value);

const httpUrl = form('a URL that begins with http:// or https://', /^https?:\/\/\S+$/);
const areaForm = /^\s*(?:\d+\.?\d*|\.\d+)\s*(?:px|%)?\s*$/i;
/** Largest size of a detection. */
const area: Rule = {
  ...form('an area such as "90%" or "5000px"', areaForm),
  instead: () => ({ value: undefined, says: 'no detection is too large' }),
};
/** Largest difference to a past detection. */
const difference: Rule = {
  ...form('an area such as "5%" or "300px"', areaForm),
  instead: () => ({ value: '0px', says: 'only what is exactly where it was is dropped' }),
};
const resize: Rule = {
  ...integer({ min: 1 }),
  expected: 'a width in pixels or "no"',
  accepts: (value) => value === false || isNo(value) || integer({ min: 1 }).accepts(value, undefined),
  instead: (value) => {
    const width = typeof value === 'boolean' ? undefined : integer().instead?.(value)?.value;
    if (width === undefined && typeof value !== 'boolean') return undefined;
    return typeof width === 'number' && width > 0
      ? { value: width, says: `${width} counts` }
      : { value: undefined, says: 'frames keep their size' };
  },
};

const devices: Keys = Object.fromEntries(
  ['cpu', 'gpu', 'tpu'].flatMap((device) => [
    [`${device}_max_processes`, unused('the engine shares a device by itself')],
    [`${device}_max_lock_wait`, unused('the engine shares a device by itself')],
  ]),
);

const general: Keys = {
  secrets: looseText,
  portal: httpUrl,
  api_portal: httpUrl,
  user: looseText,
  password: looseSecret,
  basic_user: looseText,
  basic_password: looseSecret,
  allow_self_signed: quotedFlag,
  base_data_path: looseText,
  image_path: looseText,
  wait: integer({ min: 0 }),
  show_percent: unlessNo,
  show_models: quotedFlag,
  show_frame_match_type: unlessNo,
  write_image_to_zm: quotedFlag,
  write_debug_image: quotedFlag,
  tag_detected_objects: quotedFlag,
  import_zm_zones: quotedFlag,
  only_triggered_zm_zones: quotedFlag,
  poly_color: unused('zones are drawn in one fixed colour'),
  poly_thickness: unused('lines are as thick as the picture needs'),
  pyzm_overrides: unused('there is no pyzm here; --debug says more'),
  zm_conf_path: unused("ZoneMinder's API is used, not its database"),
  version: unused('it was for an upgrade script'),
  delete_after_analyze: unused('no frame is kept on disk'),
  ...devices,
};

const remote: Keys = {
  ml_gateway: httpUrl,
  ml_gateway_mode: choice(['url', 'image'], 'image'),
  ml_fallback_local: quotedFlag,
  ml_user: looseText,
  ml_password: looseSecret,
  ml_timeout: integer({ min: 1 }),
};

/** What one model type, or all of them, may say about detections. */
const limits: Keys = {
  pattern,
  max_detection_size: area,
  match_past_detections: flag,
  past_det_max_diff_area: difference,
  ignore_past_detection_labels: list(text),
  aliases: list(list(text)),
  same_model_sequence_strategy: choice(matchStrategies),
  pre_existing_labels: list(text, { optional: true }),
};

/** `car_past_det_max_diff_area` and its like. */
const labelArea = (key: string): Rule | undefined => (key.endsWith('_past_det_max_diff_area') ? difference : undefined);

const locks: Keys = { disable_locks: flag, max_lock_wait: integer(), max_processes: integer(), ...devices };

const sequenceGeneral = mapping(
  {
    ...limits,
    ...locks,
    ...remote,
    model_sequence: words({
      known: modelTypes,
      none: { value: [], says: 'no model runs, and nothing is found' },
    }),
    frame_strategy: choice(frameStrategies),
    zone_match_strategy: choice(zoneMatchStrategies),
    image_path: text,
    monitor_id: text,
  },
  { other: labelArea },
);

const typeGeneral = mapping(limits, {
  other: labelArea,
  moved: { frame_strategy: 'ml.ml_sequence.general', image_path: 'general' },
});

const size = integer({ min: 0 });

const confidence: Rule = {
  ...real({ min: 0, max: 1 }),
  hint: (value) => {
    const percent = readReal(value, { min: 1, max: 100 });
    return percent === undefined ? undefined : `write ${percent / 100} for ${percent} %`;
  },
};

/** The keys of any entry of a `sequence`. */
const anyEntry: Keys = {
  name: text,
  enabled: flag,
  max_detection_size: area,
  max_size: area,
  model_width: size,
  model_height: size,
  layout: choice(layouts),
  boxes: choice(boxUnits),
  colour: choice(colours),
  scale: choice(scales),
  fit: choice(fits),
  object_processor: choice(['cpu', 'gpu', 'tpu'], 'cpu'),
  object_min_confidence: confidence,
  pre_existing_labels: list(text, { optional: true }),
  aws_region: text,
  aws_access_key_id: secretText,
  aws_secret_access_key: secretText,
  allow_cpu_fallback: flag,
  gpu_retry_seconds: integer({ min: 0 }),
  ...locks,
};

const ofType: Readonly<Record<(typeof modelTypes)[number], Keys>> = {
  object: { object_framework: choice(frameworks) },
  face: {
    face_detection_framework: choice(['dlib', 'tpu', ...frameworks]),
    known_images_path: text,
    unknown_images_path: text,
    save_unknown_faces: flag,
    save_unknown_faces_leeway_pixels: integer(),
    unknown_face_name: text,
    face_model: text,
    face_train_model: text,
    face_recog_dist_threshold: real(),
    face_num_jitters: integer(),
    face_upsample_times: integer(),
  },
  alpr: {
    alpr_framework: choice(frameworks),
    alpr_api_type: text,
    alpr_service: text,
    alpr_key: secretText,
    alpr_url: text,
    platerec_stats: anything,
    platerec_payload: anything,
    platerec_config: anything,
    platerec_min_dscore: real(),
    platerec_min_score: real(),
  },
  audio: {
    audio_framework: choice(frameworks),
    birdnet_lat: real(),
    birdnet_lon: real(),
    birdnet_min_conf: real(),
    birdnet_min_confidence: real(),
    birdnet_sensitivity: real(),
    birdnet_overlap: real(),
  },
};

function typeSection(type: (typeof modelTypes)[number]): MappingRule {
  const entry: Keys = {
    ...anyEntry,
    ...ofType[type],
    [`${type}_weights`]: text,
    [`${type}_config`]: text,
    [`${type}_labels`]: text,
    [`${type}_processor`]: choice(['cpu', 'gpu', 'tpu'], 'cpu'),
    [`${type}_min_confidence`]: confidence,
  };
  return mapping({
    general: typeGeneral,
    sequence: list(mapping(entry, { open: true, moved: { pattern: `ml.ml_sequence.${type}.general` } })),
  });
}

const mlSequence = mapping({
  general: sequenceGeneral,
  ...Object.fromEntries(modelTypes.map((type) => [type, typeSection(type)])),
});

const seconds = real({ min: 0 });
const notKept = unused('frames go from ZoneMinder to the models without a copy on disk');

const streamSequence = mapping(
  {
    frame_set: words({
      known: ['snapshot', 'alarm', 'objdetect'],
      others: { test: /^\d+$/, called: 'a number' },
      mayBeEmpty: true,
      none: { value: undefined, says: 'snapshot, alarm and 1 count' },
    }),
    max_frames: integer({ min: 0 }),
    start_frame: integer({ min: 1 }),
    frame_skip: integer({ min: 1 }),
    resize,
    delay: seconds,
    delay_between_frames: seconds,
    delay_between_snapshots: unused('a snapshot is asked for once'),
    contig_frames_before_error: integer({ min: 1 }),
    max_attempts: integer({ min: 1 }),
    sleep_between_attempts: seconds,
    convert_snapshot_to_fid: flag,
    stop_on_match: unused('frame_strategy says when to stop'),
    disable_ssl_cert_check: unused('general.allow_self_signed decides'),
    download: notKept,
    download_dir: notKept,
    save_frames: notKept,
    save_frames_dir: notKept,
    delete_after_analyze: notKept,
  },
  { literal: true, moved: { frame_strategy: 'ml.ml_sequence.general', strategy: 'ml.ml_sequence.general' } },
);

/** As a number, a text of one pair or a list it is no outline; what stands in it is checked with the monitor. */
const coords: ValueRule = {
  kind: 'value',
  expected: 'the corners of a polygon such as "306,356 1003,341 1074,683"',
  accepts: (value) => typeof value === 'string',
};

const zone = mapping({ coords, detection_pattern: pattern, ignore_pattern: pattern });

const inSequence = Object.fromEntries(
  ['match_past_detections', 'past_det_max_diff_area', 'max_detection_size', 'frame_strategy', 'pattern'].map((key) => [
    key,
    'ml.ml_sequence.general',
  ]),
);

/** One monitor's own section: its keys are also those of a view, where sections have no names. */
export const monitor = mapping(
  {
    ...general,
    ...remote,
    ml_sequence: mlSequence,
    stream_sequence: streamSequence,
    zones: mapping({}, { other: () => zone }),
  },
  {
    moved: {
      ...Object.fromEntries(Object.keys(inSequence).map((key) => [key, 'monitors.<id>.ml_sequence.general'])),
      ...Object.fromEntries(Object.keys(streamSequence.keys).map((key) => [key, 'monitors.<id>.stream_sequence'])),
      ml: 'monitors.<id>, as ml_sequence and stream_sequence',
    },
  },
);

export const objectConfig: MappingRule = mapping(
  {
    general: mapping(general, {
      moved: { ...at(streamSequence.keys, 'ml.stream_sequence'), ...inSequence, ...at(remote, 'remote') },
    }),
    remote: mapping(remote, { moved: at(general, 'general') }),
    ml: mapping(
      {
        ml_sequence: mlSequence,
        stream_sequence: streamSequence,
        disable_locks: unused('the engine shares a device by itself'),
      },
      { moved: inSequence },
    ),
    monitors: mapping({}, { other: () => monitor }),
    push: mapping({ enabled: quotedFlag }, { other: () => anything }),
    animation: mapping({ create_animation: quotedFlag }, { other: () => anything }),
  },
  { moved: { ...at(general, 'general'), ...at(remote, 'remote'), ml_sequence: 'ml', stream_sequence: 'ml' } },
);

function at(keys: Keys, section: string): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.keys(keys).map((key) => [key, section]));
}
