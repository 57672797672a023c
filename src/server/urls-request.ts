/** The JSON of POST /detect_urls, checked (contract 2.6; wire generations, 10.4). */
import type { Detection } from '../detection/detection.js';
import { compilePattern } from '../detection/pattern.js';
import { parseZones, type Zone } from '../detection/zones.js';
import { ZmdetectError } from '../errors.js';

export interface FrameEntry {
  /** Opaque; comes back unchanged. */
  readonly frameId: string;
  readonly url: string;
}

export interface UrlsRequest {
  readonly entries: readonly FrameEntry[];
  readonly zmAuth: string;
  readonly verifySsl: boolean;
  readonly zones: readonly Zone[];
  /** Absent means false: clients that do not send it need every frame. */
  readonly stopOnMatch: boolean;
  /** Total tries for a URL that answers 404. */
  readonly maxAttempts: number;
  /** Seconds between those tries. */
  readonly sleepBetweenAttempts: number;
  /** Consecutive frames that are not there, after which the request ends; undefined: never. */
  readonly contigFramesBeforeError: number | undefined;
  /** The request's own filters, `min_confidence` and `pattern`, on top of the server's. */
  readonly wants: (detection: Detection) => boolean;
}

/** Errors: URLS_MISSING, URLS_INVALID, ZONES_INVALID, PATTERN_INVALID, OPTION_INVALID. */
export function parseUrlsRequest(body: Readonly<Record<string, unknown>>): UrlsRequest {
  const pattern = compilePattern(text(body, 'pattern', '.*'));
  const minConfidence = number(body, 'min_confidence', { least: 0, most: 1, otherwise: 0 });
  return {
    entries: parseEntries(body.urls),
    zmAuth: text(body, 'zm_auth', ''),
    verifySsl: boolean(body, 'verify_ssl', true),
    zones: body.zones === undefined || body.zones === null ? [] : parseZones(body.zones),
    stopOnMatch: boolean(body, 'stop_on_match', false),
    maxAttempts: number(body, 'max_attempts', { least: 0, most: 100, otherwise: 1 }),
    sleepBetweenAttempts: number(body, 'sleep_between_attempts', { least: 0, most: 60, otherwise: 3 }),
    contigFramesBeforeError: isAbsent(body.contig_frames_before_error)
      ? undefined
      : number(body, 'contig_frames_before_error', { least: 0, most: 100_000, otherwise: 0 }),
    wants: ({ label, confidence }) => confidence >= minConfidence && pattern.matches(label),
  };
}

const mostUrls = 10_000;

function parseEntries(urls: unknown): FrameEntry[] {
  if (isAbsent(urls) || urls === '' || urls === 0 || urls === false) throw new ZmdetectError('URLS_MISSING');
  if (!Array.isArray(urls)) throw invalidUrls(`expected a list of {"frame_id", "url"}, got ${kindOf(urls)}`);
  if (urls.length === 0) throw new ZmdetectError('URLS_MISSING');
  if (urls.length > mostUrls) throw invalidUrls(`expected at most ${mostUrls} entries, got ${urls.length}`);
  return urls.flatMap((entry: unknown, index) => {
    if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) {
      throw invalidUrls(`expected {"frame_id", "url"} for entry ${index}, got ${kindOf(entry)}`);
    }
    const { frame_id: id, url } = entry as Record<string, unknown>;
    if (isAbsent(url) || url === '') return [];
    if (typeof url !== 'string') throw invalidUrls(`expected text for the url of entry ${index}, got ${kindOf(url)}`);
    return [{ frameId: frameIdText(id), url }];
  });
}

/** As Python's str() gives it (contract 2.6). */
function frameIdText(id: unknown): string {
  if (id === undefined) return '';
  if (id === null) return 'None';
  if (typeof id === 'boolean') return id ? 'True' : 'False';
  return typeof id === 'string' ? id : typeof id === 'number' ? String(id) : JSON.stringify(id);
}

function invalidUrls(reason: string): ZmdetectError {
  return new ZmdetectError('URLS_INVALID', { reason });
}

function isAbsent(value: unknown): value is undefined | null {
  return value === undefined || value === null;
}

/** In place of a value that may hold a login. */
function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'a list' : typeof value;
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? String(value)).slice(0, 60);
}

function invalid(name: string, expected: string, value: unknown): ZmdetectError {
  return new ZmdetectError('OPTION_INVALID', {
    name,
    expected,
    value: name === 'zm_auth' ? kindOf(value) : shown(value),
  });
}

function text(body: Readonly<Record<string, unknown>>, name: string, otherwise: string): string {
  const value = body[name];
  if (isAbsent(value)) return otherwise;
  if (typeof value !== 'string') throw invalid(name, 'text', value);
  return value;
}

function boolean(body: Readonly<Record<string, unknown>>, name: string, otherwise: boolean): boolean {
  const value = body[name];
  if (isAbsent(value)) return otherwise;
  if (typeof value === 'boolean') return value;
  // Hooks written by hand send 0 and 1.
  if (value === 0 || value === 1) return value === 1;
  throw invalid(name, 'true or false', value);
}

function number(
  body: Readonly<Record<string, unknown>>,
  name: string,
  { least, most, otherwise }: { least: number; most: number; otherwise: number },
): number {
  const value = body[name];
  if (isAbsent(value)) return otherwise;
  const given = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof given === 'number' && given >= least && given <= most) return given;
  throw invalid(name, `a number from ${least} to ${most}`, value);
}
