/** Zones: polygons that decide which detections count. */
import { ZmdetectError } from '../errors.js';
import { limits } from '../limits.js';
import type { ZoneMatchStrategy } from './config.js';
import type { Box, Detection, Size } from './detection.js';
import { intersects, overlapArea, type Point, type Polygon } from './geometry.js';
import { compilePattern, type LabelPattern, PatternBudget } from './pattern.js';
import { countSelfContacts } from './rings.js';

export { intersects, overlapArea } from './geometry.js';

export interface Zone {
  readonly name: string;
  /** Pixels of the analysed picture. Empty: the zone touches nothing. */
  readonly points: Polygon;
  readonly pattern: LabelPattern;
  /** null: no label is ignored. */
  readonly ignorePattern: LabelPattern | null;
}

export interface ZoneOutcome {
  /** In the order they came. */
  readonly kept: readonly Detection[];
  /** Boxes of the others, in the order they came. */
  readonly errorBoxes: readonly Box[];
}

export const maxZones = limits.zones.value;
export const maxPoints = limits.zonePoints.value;

/**
 * The `zones` of a request: an array of `{name, value | points, pattern, ignore_pattern}`. `value` wins where the key
 * exists, even when it is null, which means no points. Coordinates may be numbers or text.
 *
 * @param budget of the whole request
 * @throws ZmdetectError ZONES_INVALID naming zone and value; PATTERN_INVALID
 */
export function parseZones(value: unknown, budget = new PatternBudget()): Zone[] {
  return parse(
    value,
    (zone) => ('value' in zone ? zone.value : zone.points),
    (source) => budget.compile(source),
  );
}

/** The same for zones of a configuration, where `points` wins unless it is empty. */
export function parseConfigZones(value: unknown): Zone[] {
  return parse(
    value,
    ({ value, points }) => (Array.isArray(points) && points.length === 0 ? value : (points ?? value)),
    compilePattern,
  );
}

/**
 * Splits detections by zones; without zones all are kept.
 *
 * - `any_matching`: one zone that the box touches and whose patterns take the label is enough.
 * - `first_intersecting`: the first zone that the box touches decides alone.
 * - `largest_overlap`: the zone with the largest common area decides alone, the earlier one of equals.
 *
 * @throws ZmdetectError ZONES_INVALID when detections times points are beyond the limit; PATTERN_INVALID
 */
export function applyZones(
  detections: readonly Detection[],
  zones: readonly Zone[],
  strategy: ZoneMatchStrategy = 'any_matching',
): ZoneOutcome {
  if (zones.length === 0) return { kept: detections, errorBoxes: [] };
  limitWork(detections, zones);
  const kept: Detection[] = [];
  const errorBoxes: Box[] = [];
  for (const detection of detections) {
    const touched = zones.filter((zone) => intersects(detection.box, zone.points));
    if (judges(touched, detection.box, strategy).some((zone) => takes(zone, detection.label))) kept.push(detection);
    else errorBoxes.push(detection.box);
  }
  return { kept, errorBoxes };
}

/** The zones that have a say about the box, out of those it touches. */
function judges(touched: readonly Zone[], box: Box, strategy: ZoneMatchStrategy): readonly Zone[] {
  if (strategy === 'any_matching' || touched.length < 2) return touched;
  if (strategy === 'first_intersecting') return touched.slice(0, 1);
  const areas = touched.map((zone) => overlapArea(box, zone.points));
  const largest = areas.indexOf(Math.max(...areas));
  return touched.slice(largest, largest + 1);
}

function takes(zone: Zone, label: string): boolean {
  return !zone.ignorePattern?.matches(label) && zone.pattern.matches(label);
}

/** Zones drawn on a picture of size `from` for one of size `to`. Points are cut to whole pixels, towards zero. */
export function rescaleZones(zones: readonly Zone[], from: Size, to: Size): Zone[] {
  const [x, y] = [to.width / from.width, to.height / from.height];
  if (x === 1 && y === 1) return Array.from(zones);
  // Adding 0 turns -0 into 0.
  const scaled = (point: Point): Point => [Math.trunc(point[0] * x) + 0, Math.trunc(point[1] * y) + 0];
  return zones.map((zone) => ({ ...zone, points: zone.points.map(scaled) }));
}

type Entry = Readonly<Record<string, unknown>>;

type Compile = (source: string | null) => LabelPattern;

function parse(value: unknown, pointsOf: (zone: Entry) => unknown, compile: Compile): Zone[] {
  if (!Array.isArray(value)) throw invalid('an array', 'zones', value);
  if (value.length > maxZones) throw invalid(`at most ${maxZones} zones`, 'zones', value.length);
  const corners = new CornerBudget();
  return value.map((entry: unknown, index) => {
    const name = `zone ${index}`;
    if (!isEntry(entry)) throw invalid('an object', name, entry);
    refuseMisspelt(entry, name);
    return {
      name: parseText(entry.name, `name of ${name}`) ?? '',
      points: parsePoints(pointsOf(entry), name, corners),
      pattern: compile(parseText(entry.pattern, `pattern of ${name}`)),
      ignorePattern: parseIgnore(parseText(entry.ignore_pattern, `ignore_pattern of ${name}`), compile),
    };
  });
}

/** What the polygons of one request may have together. */
class CornerBudget {
  #points = 0;
  #contacts = 0;

  takePoints(count: number): void {
    const most = limits.zonesPoints.value;
    this.#points += count;
    if (this.#points > most) throw invalid(`at most ${most} points in all`, 'zones', this.#points);
  }

  takeContacts(polygon: Polygon, name: string): void {
    const most = limits.zonesSelfContacts.value;
    this.#contacts += countSelfContacts(polygon, most);
    if (this.#contacts > most) {
      const reason = `${name} touches or crosses itself, more than ${most} times with the zones before it: draw its outline`;
      throw new ZmdetectError('ZONES_INVALID', { reason });
    }
  }
}

/** Each box is compared with each edge of each zone. */
function limitWork(detections: readonly Detection[], zones: readonly Zone[]): void {
  const most = limits.zoneTests.value;
  const points = zones.reduce((sum, zone) => sum + zone.points.length, 0);
  if (detections.length * points <= most) return;
  const reason = `${detections.length} detections and ${points} points are more than ${most} comparisons: send fewer points`;
  throw new ZmdetectError('ZONES_INVALID', { reason });
}

const geometryKeys = ['value', 'points'];

/**
 * Keys that are not known pass, as they always did, but not corners under another name: without them the zone would
 * touch nothing. Such a key is like one that people use for corners, or holds what only corners look like.
 */
function refuseMisspelt(entry: Entry, name: string): void {
  if (geometryKeys.some((key) => key in entry)) return;
  const wrong = Object.keys(entry).find(
    (key) => !otherKeys.has(key) && (isLikeCorners(key) || holdsCorners(entry[key])),
  );
  if (wrong === undefined) return;
  const key = wrong.slice(0, 60);
  const reason = `expected the corners of ${name} under "value" or "points", got them under ${JSON.stringify(key)}: rename it, and write [[x, y], ...]`;
  throw new ZmdetectError('ZONES_INVALID', { reason });
}

const otherKeys: ReadonlySet<string> = new Set(['name', 'pattern', 'ignore_pattern']);

function isLikeCorners(key: string): boolean {
  return /^(?:co-?ord|point|value|val$|polygon|poly$|polyline|vert(?:ex|ices)|corner|shape|geometry|path$|box|bbox|rect|area|region|zone)/i.test(
    key,
  );
}

function holdsCorners(value: unknown): boolean {
  if (typeof value === 'string') return /^\s*-?\d+(?:\.\d+)?\s*,\s*-?\d+(?:\.\d+)?(?:[\s;]|$)/.test(value);
  return Array.isArray(value) && value.length > 2 && value.every((item) => typeof item === 'object' && item !== null);
}

function isEntry(value: unknown): value is Entry {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parseText(value: unknown, name: string): string | null {
  if (value === undefined || value === null) return null;
  if (typeof value !== 'string') throw invalid('text or null', name, value);
  return value;
}

/** An empty pattern takes every label, but an empty ignore pattern ignores none. */
function parseIgnore(source: string | null, compile: Compile): LabelPattern | null {
  return source ? compile(source) : null;
}

function parsePoints(value: unknown, name: string, corners: CornerBudget): Polygon {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw invalid('an array of points', name, value);
  if (value.length === 1 || value.length === 2) throw invalid('no points or at least 3', name, value);
  if (value.length > maxPoints) throw invalid(`at most ${maxPoints} points`, name, value.length);
  corners.takePoints(value.length);
  const polygon = value.map((point: unknown, index): Point => {
    const pair: unknown[] = Array.isArray(point) ? point : [];
    const [x, y] = pair.map(parseCoordinate);
    if (pair.length !== 2 || x == null || y == null) throw invalid('[x, y]', `point ${index} of ${name}`, point);
    return [x, y];
  });
  corners.takeContacts(polygon, name);
  return polygon;
}

/** null for what is no number within the limit, nor the text of one. */
function parseCoordinate(value: unknown): number | null {
  const decimal = /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i;
  const number = typeof value === 'string' && value.length < 100 && decimal.test(value) ? Number(value) : value;
  return typeof number === 'number' && Math.abs(number) <= limits.zoneCoordinate.value ? number : null;
}

function invalid(expected: string, name: string, value: unknown): ZmdetectError {
  const got = JSON.stringify(value)?.slice(0, 80) ?? String(value);
  return new ZmdetectError('ZONES_INVALID', { reason: `expected ${expected} for ${name}, got ${got}` });
}
