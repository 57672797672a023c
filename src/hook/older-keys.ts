/** Keys of zmeventnotification 4 to 6 that have another name now, and the place of what they say. */
const sequence = 'ml.ml_sequence';

const names: Readonly<Record<string, string>> = {
  models: `${sequence}.general.model_sequence`,
  detection_sequence: `${sequence}.general.model_sequence`,
  detection_mode: `${sequence}.general.frame_strategy`,
  frame_id: 'ml.stream_sequence.frame_set',
  bestmatch_order: 'ml.stream_sequence.frame_set',
  detect_pattern: `${sequence}.object.general.pattern`,
  object_detection_pattern: `${sequence}.object.general.pattern`,
  face_detection_pattern: `${sequence}.face.general.pattern`,
  alpr_pattern: `${sequence}.alpr.general.pattern`,
  alpr_detection_pattern: `${sequence}.alpr.general.pattern`,
  alpr_use_after_detection_only: `${sequence}.alpr.general.pre_existing_labels`,
  same_model_strategy: `${sequence}.object.general.same_model_sequence_strategy`,
  yolo_min_confidence: `object_min_confidence of an entry of ${sequence}.object.sequence`,
  face_recognition_framework: `face_detection_framework of an entry of ${sequence}.face.sequence`,
  platerec_regions: `regions below platerec_payload of an entry of ${sequence}.alpr.sequence`,
  yolo: `${sequence}.object`,
  object: `${sequence}.object`,
  face: `${sequence}.face`,
  alpr: `${sequence}.alpr`,
};

/** Keys that say something which always holds now. */
const needless: ReadonlySet<string> = new Set(['use_sequence', 'yolo_type', 'detection_type']);

/** The rest of the sentence about `key`; undefined: it is no older key. */
export function olderKey(key: string): string | undefined {
  if (needless.has(key)) return 'is an older key without effect: ml_sequence always counts, so remove it';
  const place = placeOf(key);
  return place === undefined ? undefined : `is an older key without effect: write it as ${place}`;
}

function placeOf(key: string): string | undefined {
  if (Object.hasOwn(names, key)) return names[key];
  const monitor = /^monitor-(\d+)$/.exec(key);
  if (monitor !== null) return `monitors.${monitor[1] ?? ''}`;
  const zone = /^(.+?)_(?:(polygonzone)|zone_(detection|ignore)_pattern)$/.exec(key);
  if (zone !== null) {
    const [, name = '', , which] = zone;
    return `monitors.<id>.zones.${name}.${which === undefined ? 'coords' : `${which}_pattern`}`;
  }
  const entry = /^(?:[\w-]+_)?(object|face|alpr)_(weights|config|labels|framework|processor|min_confidence)$/.exec(key);
  if (entry === null) return undefined;
  const [, type = '', what = ''] = entry;
  return `${type}_${what} of an entry of ${sequence}.${type}.sequence`;
}
