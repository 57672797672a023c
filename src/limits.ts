/**
 * The one table of limits on what a stranger sends: bytes, counts, time and steps of work.
 *
 * A limit that a setting can raise holds the setting's default here and names the setting. The native engine has its own
 * table, `native/input_limits.h`. `docs/reference/limits.md` is generated from both.
 */
export type LimitUnit = 'bytes' | 'characters' | 'count' | 'ms' | 'steps' | 'pixels';

export interface Limit {
  readonly value: number;
  readonly unit: LimitUnit;
  /** The input that is limited: `request body`, `zone pattern`, `frame fetch`. */
  readonly input: string;
  /** What is counted. */
  readonly what: string;
  /** What happens beyond the limit: an error code of `src/errors.ts`, or a short sentence. */
  readonly outcome: string;
  /** The setting that changes it. */
  readonly setting?: string;
}

const table = {
  jsonBytes: {
    value: 4 * 1024 * 1024,
    unit: 'bytes',
    input: 'request body',
    what: 'a JSON body',
    outcome: 'UPLOAD_TOO_LARGE',
  },
  zonesFileBytes: {
    value: 1024 * 1024,
    unit: 'bytes',
    input: 'zones of a request',
    what: 'a part `zones` with a filename; as a field without one it has the limit of all fields',
    outcome: 'PART_TOO_LARGE',
  },
  zones: {
    value: 200,
    unit: 'count',
    input: 'zones of a request',
    what: 'zones',
    outcome: 'ZONES_INVALID',
  },
  zonePoints: {
    value: 1000,
    unit: 'count',
    input: 'zones of a request',
    what: 'points of one zone',
    outcome: 'ZONES_INVALID',
  },
  zonesPoints: {
    value: 5000,
    unit: 'count',
    input: 'zones of a request',
    what: 'points of all zones',
    outcome: 'ZONES_INVALID',
  },
  zonesSelfContacts: {
    value: 1000,
    unit: 'count',
    input: 'zones of a request',
    what: 'pairs of edges of one zone that touch or cross, in all zones',
    outcome: 'ZONES_INVALID',
  },
  zoneCoordinate: {
    value: 1_000_000,
    unit: 'pixels',
    input: 'zones of a request',
    what: 'a coordinate, with either sign',
    outcome: 'ZONES_INVALID',
  },
  zoneTests: {
    value: 10_000_000,
    unit: 'steps',
    input: 'zones of a request',
    what: 'detections of one frame times points of all zones',
    outcome: 'ZONES_INVALID',
  },
  patternCharacters: {
    value: 10_000,
    unit: 'characters',
    input: 'label pattern',
    what: 'one pattern',
    outcome: 'PATTERN_INVALID',
  },
  patternDepth: {
    value: 100,
    unit: 'count',
    input: 'label pattern',
    what: 'groups inside each other',
    outcome: 'PATTERN_INVALID',
  },
  patternLabelSteps: {
    value: 1_000_000,
    unit: 'steps',
    input: 'label pattern',
    what: 'matching one pattern of the configuration with one label',
    outcome: 'PATTERN_INVALID',
  },
  requestPatterns: {
    value: 401,
    unit: 'count',
    input: 'label patterns of a request',
    what: 'different patterns of a request and its zones',
    outcome: 'PATTERN_INVALID',
  },
  requestPatternCharacters: {
    value: 50_000,
    unit: 'characters',
    input: 'label patterns of a request',
    what: 'different patterns together',
    outcome: 'PATTERN_INVALID',
  },
  requestPatternNodes: {
    value: 50_000,
    unit: 'count',
    input: 'label patterns of a request',
    what: 'nodes of the syntax trees together',
    outcome: 'PATTERN_INVALID',
  },
  requestPatternSteps: {
    value: 1_000_000,
    unit: 'steps',
    input: 'label patterns of a request',
    what: 'matching all patterns with all labels',
    outcome: 'PATTERN_INVALID',
  },
  configurationPatterns: {
    value: 1_000,
    unit: 'count',
    input: 'label patterns of the configuration',
    what: 'different patterns that are kept compiled',
    outcome: 'the pattern that was not used for longest is compiled again when it is used',
  },
  configurationPatternNodes: {
    value: 1_000_000,
    unit: 'count',
    input: 'label patterns of the configuration',
    what: 'nodes of the syntax trees that are kept compiled, about 200 bytes each',
    outcome: 'the pattern that was not used for longest is compiled again when it is used',
  },
  urls: {
    value: 500,
    unit: 'count',
    input: 'frame URLs',
    what: 'entries of `urls` in one request',
    outcome: 'URLS_INVALID',
  },
  urlCharacters: {
    value: 8192,
    unit: 'characters',
    input: 'frame URLs',
    what: 'one URL, or `zm_auth`',
    outcome: 'URLS_INVALID',
  },
  frameFetches: {
    value: 1000,
    unit: 'count',
    input: 'frame URLs',
    what: 'fetches for one request, repeated ones included',
    outcome: 'a frame is not asked for again',
  },
  redirects: {
    value: 30,
    unit: 'count',
    input: 'frame fetch',
    what: 'redirects of one frame',
    outcome: 'the frame is skipped',
  },
  frameBytes: {
    value: 64 * 1024 * 1024,
    unit: 'bytes',
    input: 'frame fetch',
    what: 'one frame, on the wire and decompressed',
    outcome: 'the frame is skipped',
    setting: 'max_frame_bytes',
  },
  frameMs: {
    value: 20_000,
    unit: 'ms',
    input: 'frame fetch',
    what: 'one frame, from the request to its last byte',
    outcome: 'the frame is skipped',
    setting: 'frame_timeout_seconds',
  },
  pickleBytes: {
    value: 1024 * 1024,
    unit: 'bytes',
    input: 'past detections',
    what: 'the file',
    outcome: 'the file counts as empty, and the log says so',
  },
  pickleInstructions: {
    value: 200_000,
    unit: 'steps',
    input: 'past detections',
    what: 'instructions of the pickles',
    outcome: 'the file counts as empty, and the log says so',
  },
  pastDetections: {
    value: 2000,
    unit: 'count',
    input: 'past detections',
    what: 'boxes',
    outcome: 'a file with more counts as empty; the first ones are saved',
  },
  labelBytes: {
    value: 1024 * 1024,
    unit: 'bytes',
    input: 'class names',
    what: 'a label file, or the names inside a model file',
    outcome: 'MODEL_LABELS_MISSING',
  },
  labels: {
    value: 65_536,
    unit: 'count',
    input: 'class names',
    what: 'classes of a model',
    outcome: 'MODEL_LABELS_MISSING',
  },
  labelCharacters: {
    value: 200,
    unit: 'characters',
    input: 'class names',
    what: 'one name',
    outcome: 'MODEL_LABELS_MISSING',
  },
} as const satisfies Record<string, Limit>;

export type LimitName = keyof typeof table;

export const limits: Readonly<Record<LimitName, Limit>> = table;
