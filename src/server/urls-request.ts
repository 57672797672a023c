/** The JSON of POST /detect_urls, checked (contract 2.6; wire generations, 10.4). */
import { z } from 'zod';

import type { Detection } from '../detection/detection.js';
import { PatternBudget } from '../detection/pattern.js';
import { parseZones, type Zone } from '../detection/zones.js';
import { ZmdetectError } from '../errors.js';
import { limits } from '../limits.js';
import { requests, zones } from './api/requests.js';

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
  /** Total tries for a URL whose frame is not there, or not whole. */
  readonly maxAttempts: number;
  /** Seconds between those tries. */
  readonly sleepBetweenAttempts: number;
  /** Consecutive frames that are not there, after which the request ends; undefined: never. */
  readonly contigFramesBeforeError: number | undefined;
  /** The request's own filters, `min_confidence` and `pattern`, on top of the server's. */
  readonly wants: (detection: Detection) => boolean;
}

const numberUpTo = (most: number) => {
  const number = z.number().min(0).max(most);
  // Hooks written by hand send numbers as text.
  const text = z
    .string()
    .regex(/^\s*(\d+\.?\d*|\.\d+)\s*$/)
    .transform(Number)
    .pipe(number);
  return z.union([number, text]);
};
// Hooks written by hand send 0 and 1.
const boolean = z.union([z.boolean(), z.literal([0, 1]).transform((bit) => bit === 1)]);

const zmAuthExpected = `text of at most ${limits.urlCharacters.value} characters`;

/** Each key but `urls` and `zones`: what it may be, in words for the error, and what its absence (or null) means. */
const options = {
  zm_auth: option(z.string().max(limits.urlCharacters.value), zmAuthExpected, '', "appended to each URL's query"),
  verify_ssl: option(boolean, 'true or false', true, 'check TLS certificates'),
  stop_on_match: option(boolean, 'true or false', false, 'stop at the first frame with a detection inside the zones'),
  min_confidence: option(numberUpTo(1), 'a number from 0 to 1', 0, 'leave out what is less certain'),
  pattern: option(z.string(), 'text', '.*', 'Python regular expression, from the start of the label'),
  max_attempts: option(
    numberUpTo(100),
    'a number from 0 to 100',
    1,
    'tries for a frame that is not there yet, or not whole',
  ),
  sleep_between_attempts: option(numberUpTo(60), 'a number from 0 to 60', 3, 'seconds between those tries'),
  contig_frames_before_error: option(
    numberUpTo(100_000),
    'a number from 0 to 100000',
    undefined,
    'stop after so many missing frames in a row',
  ),
};

interface Option<T, Absent> {
  readonly schema: z.ZodType<T>;
  readonly expected: string;
  readonly absent: Absent;
  readonly meaning: string;
}

function option<T, Absent extends T | undefined>(
  schema: z.ZodType<T>,
  expected: string,
  absent: Absent,
  meaning: string,
): Option<T, Absent> {
  return { schema, expected, absent, meaning };
}

type Body = Readonly<Record<string, unknown>>;

function read<Name extends keyof typeof options>(body: Body, name: Name): ValueOf<Name> {
  const { schema, expected, absent } = options[name];
  const value = body[name];
  if (isAbsent(value)) return absent as ValueOf<Name>;
  const { success, data } = schema.safeParse(value);
  if (!success) throw invalid(name, expected, value);
  return data as ValueOf<Name>;
}

type ValueOf<Name extends keyof typeof options> =
  z.infer<(typeof options)[Name]['schema']> | (undefined extends (typeof options)[Name]['absent'] ? undefined : never);

/** Errors: URLS_MISSING, URLS_INVALID, ZONES_INVALID, PATTERN_INVALID, OPTION_INVALID. */
export function parseUrlsRequest(body: Body): UrlsRequest {
  const budget = new PatternBudget();
  const pattern = budget.compile(read(body, 'pattern'));
  const minConfidence = read(body, 'min_confidence');
  return {
    entries: parseEntries(body.urls),
    zmAuth: read(body, 'zm_auth'),
    verifySsl: read(body, 'verify_ssl'),
    zones: isAbsent(body.zones) ? [] : parseZones(body.zones, budget),
    stopOnMatch: read(body, 'stop_on_match'),
    maxAttempts: read(body, 'max_attempts'),
    sleepBetweenAttempts: read(body, 'sleep_between_attempts'),
    contigFramesBeforeError: read(body, 'contig_frames_before_error'),
    wants: ({ label, confidence }) => confidence >= minConfidence && pattern.matches(label),
  };
}

const mostUrls = limits.urls.value;
const mostCharacters = limits.urlCharacters.value;
/** An entry without a URL is passed over. */
const entry = z.looseObject({ frame_id: z.unknown().optional(), url: z.string().max(mostCharacters).nullish() });
// The count comes first: a list that is too long is not looked through.
const urls = z.array(z.unknown()).min(1).max(mostUrls).pipe(z.array(entry));

/** For the description; other keys are ignored. */
export const urlsBody = z
  .looseObject({
    urls: urls.describe('frames in the order in which they are looked at; `frame_id` comes back as text'),
    zones: zones.nullish(),
    ...Object.fromEntries(
      Object.entries(options).map(([name, { schema, absent, meaning }]) => {
        const fallback = absent === undefined ? '' : ` (${JSON.stringify(absent)})`;
        return [name, schema.nullish().describe(meaning + fallback)];
      }),
    ),
  })
  .register(requests, { id: 'UrlsRequest' });

function parseEntries(given: unknown): FrameEntry[] {
  if (isAbsent(given) || given === '' || given === 0 || given === false) throw new ZmdetectError('URLS_MISSING');
  if (Array.isArray(given) && given.length === 0) throw new ZmdetectError('URLS_MISSING');
  const { success, data, error } = urls.safeParse(given);
  if (!success) throw invalidUrls(given, error.issues[0]?.path ?? []);
  return data.flatMap(({ frame_id: id, url }) => (url ? [{ frameId: frameIdText(id), url }] : []));
}

/** Says what is wrong at the place in `urls` that its schema does not take. */
function invalidUrls(urls: unknown, [index, key]: readonly PropertyKey[]): ZmdetectError {
  const fault = (reason: string) => new ZmdetectError('URLS_INVALID', { reason });
  if (!Array.isArray(urls)) return fault(`expected a list of {"frame_id", "url"}, got ${kindOf(urls)}`);
  if (typeof index !== 'number') return fault(`expected at most ${mostUrls} entries, got ${urls.length}`);
  const entry: unknown = urls[index];
  if (key === undefined) return fault(`expected {"frame_id", "url"} for entry ${index}, got ${kindOf(entry)}`);
  const { url } = entry as Body;
  if (typeof url === 'string') {
    return fault(`expected at most ${mostCharacters} characters for the url of entry ${index}, got ${url.length}`);
  }
  return fault(`expected text for the url of entry ${index}, got ${kindOf(url)}`);
}

/** As Python's str() gives it (contract 2.6). */
function frameIdText(id: unknown): string {
  if (id === undefined) return '';
  if (id === null) return 'None';
  if (typeof id === 'boolean') return id ? 'True' : 'False';
  return typeof id === 'string' ? id : typeof id === 'number' ? String(id) : JSON.stringify(id);
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
