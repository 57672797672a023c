/** The zones that decide about one event's detections: those of the file, and ZoneMinder's own. */
import type { DetectionZone } from '../client/types.js';
import type { ZmZone } from '../client/zoneminder/types.js';
import type { HookSettings, WrittenZone } from './settings.js';

export interface ZoneChoice {
  readonly zones: readonly DetectionZone[];
  /** Zones of the file that have no corners and fit none of ZoneMinder's. */
  readonly unmatched: readonly string[];
}

/**
 * `imported` is null where ZoneMinder's zones are not to be used. `reason` is what ZoneMinder says about the alarm, as in
 * `Motion: Driveway`; empty where nothing is known.
 *
 * Corners in the file win over those of ZoneMinder's zone of the same name, and the file's patterns are put onto
 * ZoneMinder's corners. With only_triggered_zm_zones the file's corners do not count, and of ZoneMinder's zones only
 * those that `reason` names.
 */
export function chooseZones(
  { zones, onlyTriggeredZones }: Pick<HookSettings, 'zones' | 'onlyTriggeredZones'>,
  imported: readonly ZmZone[] | null,
  reason: string,
): ZoneChoice {
  const own = onlyTriggeredZones ? [] : zones.flatMap(drawn);
  if (imported === null) return { zones: own, unmatched: [] };
  const written = new Map(zones.map((zone) => [plainName(zone.name), zone]));
  const taken = new Set(own.map(({ name }) => plainName(name ?? '')));
  // A privacy zone is blacked out in every frame: nothing is to be found there.
  const active = imported.filter(({ type }) => type !== 'Inactive' && type !== 'Privacy');
  const triggered = active.filter(({ name }) => !onlyTriggeredZones || reason === '' || names(reason, name));
  const rest = triggered.filter(({ name }) => !taken.has(plainName(name)));
  const known = new Set(active.map(({ name }) => plainName(name)));
  return {
    zones: [
      ...own,
      ...rest.map(({ name, points }) => ({
        name: plainName(name),
        points,
        ...patternsOf(written.get(plainName(name))),
      })),
    ],
    unmatched: zones
      .filter(({ name, points }) => points === null && !known.has(plainName(name)))
      .map(({ name }) => name),
  };
}

function drawn(zone: WrittenZone): DetectionZone[] {
  return zone.points === null ? [] : [{ name: zone.name, points: zone.points, ...patternsOf(zone) }];
}

function patternsOf(zone: WrittenZone | undefined): Pick<DetectionZone, 'pattern' | 'ignorePattern'> {
  return { pattern: zone?.pattern ?? null, ignorePattern: zone?.ignorePattern ?? null };
}

/** As upstream makes them comparable: `Front Yard` and `front_yard` are one. */
function plainName(name: string): string {
  return name.replaceAll(' ', '_').toLowerCase();
}

/** Whether a zone's name stands in the text as a word of its own, whatever its letters' case. */
function names(reason: string, zone: string): boolean {
  const literal = zone.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
  return new RegExp(`(?<![\\p{L}\\p{N}_])${literal}(?![\\p{L}\\p{N}_])`, 'iu').test(reason);
}
