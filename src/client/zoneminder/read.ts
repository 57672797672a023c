/**
 * Reads ZoneMinder's JSON. Numbers come as texts from some versions, booleans as "1", absent values as null or as the
 * empty text, and each record lies in a wrapper that bears its kind's name.
 */
import type { Point } from '../../detection/geometry.js';
import type { HttpAnswer } from './http.js';
import type { Version, ZmEvent, ZmFrame, ZmMonitor, ZmZone } from './types.js';

export type Fields = Readonly<Record<string, unknown>>;

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * The body as a mapping; undefined where it is none. PHP writes an empty mapping as `[]`, and its notices and warnings
 * before or behind the JSON.
 */
export function jsonOf({ body }: HttpAnswer): Fields | undefined {
  const text = body.toString('utf8');
  const whole = parsed(text);
  if (whole !== undefined) return asFields(whole);
  if (!phpNotice.test(text)) return undefined;
  const end = Math.max(text.lastIndexOf('}'), text.lastIndexOf(']')) + 1;
  for (const start of jsonStarts(text)) {
    const fields = asFields(parsed(text.slice(start, end)));
    if (fields !== undefined) return fields;
  }
  return undefined;
}

/** What PHP says of an error: in HTML or in plain text. */
const phpNotice = /(?:<b>)?\b(Notice|Warning|Deprecated|Strict Standards|(?:Fatal|Parse) error)(?:<\/b>)?:\s/i;
/** A notice may hold brackets of its own; each try reads the whole text. */
const mostStarts = 8;

function jsonStarts(text: string): readonly number[] {
  const starts: number[] = [];
  for (const { index } of text.matchAll(/(?<=^|[>\s])[{[]/g)) {
    starts.push(index);
    if (starts.length === mostStarts) break;
  }
  return starts;
}

/** PHP's first notice or warning in a body, in one short line without its file; empty where there is none. */
export function phpMessage({ body }: HttpAnswer): string {
  const plain = body.toString('utf8', 0, 2000).replace(/<[^>]{0,100}>/g, '');
  const start = phpNotice.exec(plain)?.index;
  if (start === undefined) return '';
  return (plain.slice(start).split(/ in \/|\n/, 1)[0] ?? '').replace(/\s+/g, ' ').slice(0, 100);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function asFields(value: unknown): Fields | undefined {
  if (Array.isArray(value) && value.length === 0) return {};
  return isFields(value) ? value : undefined;
}

/** What ZoneMinder says about an error, in one short line; empty where it says nothing. */
export function messageOf(answer: HttpAnswer): string {
  const fields = jsonOf(answer);
  const data = isFields(fields?.data) ? fields.data : fields;
  return text(data?.message ?? data?.name)
    .replaceAll('&quot;', '"')
    .replace(/\s+/g, ' ')
    .slice(0, 120);
}

export function text(value: unknown): string {
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
}

/** 0 where there is no finite number. */
export function number(value: unknown): number {
  const read = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof read === 'number' && Number.isFinite(read) ? read : 0;
}

function flag(value: unknown): boolean {
  return value === true || number(value) !== 0;
}

/** The records of a list, each out of its wrapper. */
export function records(list: unknown, kind: string): Fields[] {
  return Array.isArray(list) ? list.map((item) => unwrapped(item, kind)).filter(isFields) : [];
}

export function unwrapped(item: unknown, kind: string): Fields | undefined {
  if (!isFields(item)) return undefined;
  const inner = item[kind];
  return isFields(inner) ? inner : item;
}

export function eventOf(item: Fields): ZmEvent {
  const event = unwrapped(item, 'Event') ?? {};
  const folder = text(event.FileSystemPath);
  return {
    id: number(event.Id),
    monitorId: number(event.MonitorId),
    name: text(event.Name),
    cause: text(event.Cause),
    notes: text(event.Notes),
    startTime: text(event.StartDateTime ?? event.StartTime),
    endTime: text(event.EndDateTime ?? event.EndTime),
    length: number(event.Length),
    width: number(event.Width),
    height: number(event.Height),
    frames: number(event.Frames),
    alarmFrames: number(event.AlarmFrames),
    maxScore: number(event.MaxScore),
    maxScoreFrame: number(event.MaxScoreFrameId) || undefined,
    alarmFrame: number(event.AlarmFrameId) || undefined,
    archived: flag(event.Archived),
    folder: folder === '' ? undefined : folder,
    tags: records(item.Tag ?? event.Tags, 'Tag').map((tag) => text(tag.Name)),
  };
}

export function frameOf(frame: Fields): ZmFrame {
  return {
    number: number(frame.FrameId),
    type: text(frame.Type),
    score: number(frame.Score),
    delta: number(frame.Delta),
  };
}

export function monitorOf(monitor: Fields): ZmMonitor {
  const [width, height] = [number(monitor.Width), number(monitor.Height)];
  const sideways = /(90|270)$/.test(text(monitor.Orientation));
  // 1.36 has one function for all; from 1.37 on capturing is a setting of its own.
  const capturing =
    'Capturing' in monitor
      ? text(monitor.Capturing) !== 'None'
      : text(monitor.Function) !== 'None' && flag(monitor.Enabled);
  return {
    id: number(monitor.Id),
    name: text(monitor.Name),
    width: sideways ? height : width,
    height: sideways ? width : height,
    capturing,
  };
}

export function zoneOf(zone: Fields, monitor: ZmMonitor, version: Version): ZmZone {
  const points = pointsOf(text(zone.Coords));
  const [x, y] = inPercent(points, version) ? [monitor.width / 100, monitor.height / 100] : [1, 1];
  return {
    id: number(zone.Id),
    name: text(zone.Name),
    type: text(zone.Type),
    points: points.map(([px, py]) => [Math.round(px * x), Math.round(py * y)]),
  };
}

/** `0,0 639,0 639,479`: corners of a polygon. */
function pointsOf(coords: string): Point[] {
  return coords
    .trim()
    .split(/\s+/)
    .map((pair) => pair.split(','))
    .filter((pair) => pair.length === 2)
    .map(([x, y]) => [number(x), number(y)]);
}

/**
 * Zones are pixels up to 1.36. Later versions store percent and keep older zones as they were: as in ZoneMinder's own
 * pages a point beyond 100 tells pixels. The zone's `Units` are those of its thresholds and say nothing about this.
 */
function inPercent(points: readonly Point[], version: Version): boolean {
  return isAtLeast(version, [1, 37, 0]) && points.every(([x, y]) => x <= 100 && y <= 100);
}

export function isAtLeast(version: Version, wanted: readonly [number, number, number]): boolean {
  const have = version.zoneMinder.split('.').map((part) => Number.parseInt(part, 10) || 0);
  const at = wanted.findIndex((part, i) => (have[i] ?? 0) !== part);
  return at < 0 || (have[at] ?? 0) > (wanted[at] ?? 0);
}
