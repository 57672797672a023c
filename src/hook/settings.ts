/** What an `objectconfig.yml` says about one monitor's events, with every default filled in. */
import { isMapping, type Mapping, readFlag, readInteger, readReal } from '../config/readers.js';
import type { StreamConfig } from '../client/types.js';
import type { Point } from '../detection/geometry.js';
import { parseCoords } from './coords.js';
import { given, modelsFolderOf, setting, viewOf } from './merge.js';
import { wordsOf } from './rules.js';

export interface HookSettings {
  readonly zoneMinder: ZoneMinderAccess;
  /** null: the models run in this process. */
  readonly gateway: Gateway | null;
  /** As the file has it, paths filled in. */
  readonly mlSequence: Mapping;
  readonly stream: Partial<StreamConfig>;
  /** Width in pixels that wider frames are made smaller to; null: as they are. */
  readonly resize: number | null;
  /** Ask for the frame with the highest score by its number. */
  readonly convertSnapshot: boolean;
  /** Seconds before the first frame is asked for. */
  readonly wait: number;
  readonly zones: readonly WrittenZone[];
  readonly importZones: boolean;
  readonly onlyTriggeredZones: boolean;
  readonly showPercent: boolean;
  readonly showModels: boolean;
  readonly showFrameType: boolean;
  readonly writeImage: boolean;
  readonly writeDebugImage: boolean;
  readonly tagObjects: boolean;
  readonly imagePath: string;
  /** Where models lie that are named without a file. */
  readonly modelsFolder: string;
}

export interface ZoneMinderAccess {
  readonly apiUrl: string;
  readonly portalUrl: string | undefined;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly basicAuth: { readonly user: string; readonly password: string } | undefined;
  readonly verifySsl: boolean;
  /** Certificates are not checked, and nobody has asked for that. */
  readonly uncheckedByDefault: boolean;
}

export interface Gateway {
  readonly url: string;
  readonly mode: 'url' | 'image';
  /** Seconds. */
  readonly timeout: number;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly fallbackLocal: boolean;
}

/** A zone of the file. */
export interface WrittenZone {
  readonly name: string;
  /** null: those of ZoneMinder's zone of the same name. */
  readonly points: readonly Point[] | null;
  readonly pattern: string | null;
  readonly ignorePattern: string | null;
}

/** `tree` is a file in which no error was found; `change` may alter the view before it is read. */
export function settingsOf(
  tree: Mapping,
  monitorId: string | undefined,
  change: (view: Mapping) => void = () => undefined,
): HookSettings {
  const view = viewOf(tree, monitorId);
  change(view);
  const { flag, text } = readersOf(view);
  const stream = isMapping(view.stream_sequence) ? view.stream_sequence : {};
  const [portal, api] = [text('portal'), text('api_portal') ?? ''];
  const secured = [portal ?? '', api].some((url) => url.startsWith('https:'));
  const [basicUser, basicPassword] = [text('basic_user'), text('basic_password')];
  return {
    zoneMinder: {
      apiUrl: api,
      portalUrl: portal,
      user: text('user'),
      password: text('password'),
      basicAuth: basicUser === undefined ? undefined : { user: basicUser, password: basicPassword ?? '' },
      // Also where no URL is https: a web server may redirect to its own.
      verifySsl: !flag('allow_self_signed', true),
      uncheckedByDefault: secured && !given(setting(view, 'allow_self_signed')),
    },
    gateway: gatewayOf(view),
    mlSequence: isMapping(view.ml_sequence) ? view.ml_sequence : {},
    stream: streamOf(stream),
    resize: readInteger(stream.resize, { min: 1 }) ?? null,
    convertSnapshot: readFlag(stream.convert_snapshot_to_fid) ?? false,
    wait: readInteger(view.wait) ?? 0,
    zones: zonesOf(tree, monitorId),
    importZones: flag('import_zm_zones', false) || flag('only_triggered_zm_zones', false),
    onlyTriggeredZones: flag('only_triggered_zm_zones', false),
    showPercent: flag('show_percent', false),
    showModels: flag('show_models', false),
    showFrameType: flag('show_frame_match_type', true),
    writeImage: flag('write_image_to_zm', true),
    writeDebugImage: flag('write_debug_image', false),
    tagObjects: flag('tag_detected_objects', false),
    imagePath: text('image_path') ?? `${text('base_data_path') ?? '/var/lib/zmeventnotification'}/images`,
    modelsFolder: modelsFolderOf(view),
  };
}

function readersOf(view: Mapping) {
  return {
    flag: (key: string, standard: boolean): boolean => readFlag(setting(view, key)) ?? standard,
    text: (key: string): string | undefined => {
      const value = setting(view, key);
      return typeof value === 'string' || typeof value === 'number' ? String(value) || undefined : undefined;
    },
  };
}

function gatewayOf(view: Mapping): Gateway | null {
  const { flag, text } = readersOf(view);
  const url = text('ml_gateway');
  if (url === undefined) return null;
  return {
    url,
    mode: text('ml_gateway_mode') === 'image' ? 'image' : 'url',
    timeout: readInteger(setting(view, 'ml_timeout')) ?? 60,
    user: text('ml_user'),
    password: text('ml_password'),
    fallbackLocal: flag('ml_fallback_local', false),
  };
}

function streamOf(stream: Mapping): Partial<StreamConfig> {
  const numbers = {
    maxFrames: readInteger(stream.max_frames),
    startFrame: readInteger(stream.start_frame),
    frameSkip: readInteger(stream.frame_skip),
    delay: readReal(stream.delay),
    delayBetweenFrames: readReal(stream.delay_between_frames),
    maxAttempts: readInteger(stream.max_attempts),
    sleepBetweenAttempts: readReal(stream.sleep_between_attempts),
    contigFramesBeforeError: readInteger(stream.contig_frames_before_error),
  };
  const said = Object.fromEntries(Object.entries(numbers).filter(([, value]) => value !== undefined));
  const frameSet = wordsOf(stream.frame_set);
  return { ...said, ...(frameSet === undefined ? {} : { frameSet }) };
}

function zonesOf(tree: Mapping, monitorId: string | undefined): WrittenZone[] {
  const own = monitorId !== undefined && isMapping(tree.monitors) ? tree.monitors[monitorId] : undefined;
  const zones = isMapping(own) && isMapping(own.zones) ? Object.entries(own.zones) : [];
  return zones.flatMap(([name, zone]) => {
    if (!isMapping(zone)) return [];
    const points = typeof zone.coords === 'string' ? parseCoords(zone.coords) : '';
    const text = (key: string): string | null => (typeof zone[key] === 'string' && zone[key] !== '' ? zone[key] : null);
    return [
      {
        name,
        points: typeof points === 'string' ? null : points,
        pattern: text('detection_pattern'),
        ignorePattern: text('ignore_pattern'),
      },
    ];
  });
}
