/** ZoneMinder's API and the pictures of its portal. */
import { ZmdetectError } from '../../errors.js';
import { parseUrl, redactUrl, withAuth } from '../../frames/url.js';
import type { Log } from '../../log.js';
import type { EventSource } from '../types.js';
import { type HttpAnswer, HttpClient, loginPage, type RequestOptions } from './http.js';
import {
  eventOf,
  type Fields,
  frameOf,
  isAtLeast,
  isFields,
  jsonOf,
  messageOf,
  monitorOf,
  records,
  text,
  unwrapped,
  zoneOf,
} from './read.js';
import { basicFault, Session, unexpected } from './session.js';
import { tagEvent } from './tags.js';
import type {
  EventFilter,
  FrameName,
  Version,
  ZmEvent,
  ZmFrame,
  ZmMonitor,
  ZmZone,
  ZoneMinderOptions,
} from './types.js';

export type * from './types.js';
export { notesWith } from './notes.js';

const ignore = () => undefined;
const silent: Log = { debug: ignore, info: ignore, warn: ignore, error: ignore };

/**
 * One ZoneMinder, 1.32 to 1.38. Logs in with the first request; renews its token in time, and once when ZoneMinder
 * refuses it.
 *
 * Every method may throw a ZmdetectError: ZONEMINDER_UNREACHABLE (no connection, TLS, timeout), ZONEMINDER_REFUSED
 * (user, password or permission), ZONEMINDER_NOT_FOUND, ZONEMINDER_UNEXPECTED (an answer that no ZoneMinder gives). None
 * of their texts holds a password or a token.
 */
export class ZoneMinder implements EventSource {
  readonly apiUrl: string;
  readonly portalUrl: string;
  /** Whether certificates are checked. */
  readonly verifiesTls: boolean;
  readonly #http: HttpClient;
  readonly #session: Session;
  readonly #basicAuth: ZoneMinderOptions['basicAuth'];

  /** @throws ZmdetectError OPTION_INVALID for a URL that is none; CONFIG_INVALID for an unreadable `tls.ca` */
  constructor(options: ZoneMinderOptions) {
    const { user = '', password = '', tls = {}, log = silent } = options;
    this.apiUrl = checkedUrl('apiUrl', options.apiUrl);
    this.portalUrl = checkedUrl('portalUrl', options.portalUrl ?? this.apiUrl.replace(/\/api$/, ''));
    this.verifiesTls = tls.verify ?? true;
    if (!this.verifiesTls) log.warn(`the certificate of ${redactUrl(this.apiUrl)} is not checked: tls.verify is off`);
    const { basicAuth, timeoutMs = 30_000 } = options;
    this.#http = new HttpClient({ tls, timeoutMs, basicAuth });
    this.#basicAuth = basicAuth;
    this.#session = new Session(this.#http, this.apiUrl, user, password, log);
  }

  /** Logs in with user and password, whatever is held already. Other methods do so when they need it. */
  login(): Promise<void> {
    return this.#session.login();
  }

  version(): Promise<Version> {
    return this.#session.version();
  }

  /**
   * The credentials to append to a frame's URL, `zm_auth` of /detect_urls: `token=...`, `auth=...` of an older
   * ZoneMinder, or nothing where authentication is off. Good for minutes at least. A secret.
   */
  authQuery(): Promise<string> {
    return this.#session.query();
  }

  async event(id: number): Promise<ZmEvent> {
    const fields = await this.#get(`events/${id}.json`, 'noframes=true', `event ${id}`);
    return eventOf(this.#record(fields, 'event', `event ${id}`));
  }

  async events(filter: EventFilter = {}): Promise<ZmEvent[]> {
    const { monitorId, since, until, minAlarmFrames, limit = 100 } = filter;
    const conditions = [
      ...(monitorId === undefined ? [] : [`MonitorId:${monitorId}`]),
      ...(since === undefined ? [] : [`StartTime >=:${since}`]),
      ...(until === undefined ? [] : [`StartTime <=:${until}`]),
      ...(minAlarmFrames === undefined ? [] : [`AlarmFrames >=:${minAlarmFrames}`]),
    ];
    const route = ['events/index', ...conditions.map(encodeURIComponent)].join('/');
    const fields = await this.#get(`${route}.json`, `page=1&limit=${limit}`, 'events');
    return Array.isArray(fields.events) ? fields.events.filter(isFields).map(eventOf) : [];
  }

  /** The frames of an event that ZoneMinder has in its database, in order: of those without alarm only every n-th. */
  async frames(eventId: number): Promise<ZmFrame[]> {
    // Not `frames/index/EventId:1`: 1.36 does not look at that condition and sends every frame it ever recorded.
    const what = `event ${eventId}`;
    const event = this.#record(await this.#get(`events/${eventId}.json`, '', what), 'event', what);
    return records(event.Frame, 'Frame').map(frameOf);
  }

  async monitors(): Promise<ZmMonitor[]> {
    const fields = await this.#get('monitors.json', '', 'monitors');
    return records(fields.monitors, 'Monitor').map(monitorOf);
  }

  async monitor(id: number): Promise<ZmMonitor> {
    const fields = await this.#get(`monitors/${id}.json`, '', `monitor ${id}`);
    return monitorOf(unwrapped(this.#record(fields, 'monitor', `monitor ${id}`), 'Monitor') ?? {});
  }

  /** All zones of a monitor, also inactive ones, in pixels of its pictures. */
  async zones(monitorId: number): Promise<ZmZone[]> {
    const fields = await this.#get(`zones/forMonitor/${monitorId}.json`, '', `monitor ${monitorId}`);
    const [monitor, version] = [await this.monitor(monitorId), await this.version()];
    return records(fields.zones, 'Zone').map((zone) => zoneOf(zone, monitor, version));
  }

  /** Where a frame is to be had; `authQuery()` must be appended. */
  frameUrl(eventId: number, frame: FrameName): string {
    return `${this.portalUrl}/index.php?view=image&eid=${eventId}&fid=${encodeURIComponent(frame)}`;
  }

  /** The login of a web server in front, which whoever fetches a frame needs as well. A secret. */
  basicLogin(): ZoneMinderOptions['basicAuth'] {
    return this.#basicAuth;
  }

  /** A frame's bytes. ZONEMINDER_NOT_FOUND also where the frame is not written yet. */
  async fetchFrame(eventId: number, frame: FrameName, signal?: AbortSignal): Promise<Buffer> {
    const [url, what] = [this.frameUrl(eventId, frame), `frame ${frame} of event ${eventId}`];
    // For a number that it does not know (yet) 1.36 answers 200 with nothing.
    const isMissing = ({ status, body }: HttpAnswer) => status === 404 || (status === 200 && body.length === 0);
    const isPicture = ({ status, type }: HttpAnswer) => status === 200 && type.startsWith('image/');
    const options = { isFrame: true, signal };
    const answer = await this.#withAuth('GET', url, options, (got) => isMissing(got) || isPicture(got));
    if (isMissing(answer)) throw new ZmdetectError('ZONEMINDER_NOT_FOUND', { what });
    if (isPicture(answer)) return answer.body;
    throw this.#failure(answer, url, what, 'a picture');
  }

  /** Replaces an event's notes. `notesWith` keeps what ZoneMinder wrote about motion. */
  async setNotes(eventId: number, notes: string): Promise<void> {
    const url = `${this.apiUrl}/events/${eventId}.json`;
    const fields = await this.#json('PUT', url, `event ${eventId}`, { 'Event[Notes]': notes });
    if (text(fields.message) !== 'Saved') {
      const reason = `${redactUrl(url)}: the notes were not saved`;
      throw new ZmdetectError('ZONEMINDER_UNEXPECTED', { reason });
    }
  }

  /**
   * Gives an event each label as a tag, and creates the tags that do not exist yet. Tags exist from ZoneMinder 1.37.44
   * on: before, false is returned and nothing done.
   */
  async tagEvent(eventId: number, labels: readonly string[]): Promise<boolean> {
    if (!isAtLeast(await this.version(), [1, 37, 44])) return false;
    const ask = (query: Readonly<Record<string, string>>) =>
      this.#json('GET', `${this.portalUrl}/index.php?${new URLSearchParams(query).toString()}`, `event ${eventId}`);
    await tagEvent(ask, eventId, labels);
    return true;
  }

  /** An event's folder, as a path on ZoneMinder's own disk. */
  eventFolder({ id, folder }: ZmEvent): string {
    if (folder !== undefined) return folder;
    throw new ZmdetectError('ZONEMINDER_UNEXPECTED', { reason: `ZoneMinder does not say where event ${id} lies` });
  }

  /** Ends idle connections, so that the process can end. */
  close(): void {
    this.#http.close();
  }

  #get(route: string, query: string, what: string): Promise<Fields> {
    return this.#json('GET', `${this.apiUrl}/${route}${query === '' ? '' : `?${query}`}`, what);
  }

  async #json(method: 'GET' | 'PUT', url: string, what: string, form?: Record<string, string>): Promise<Fields> {
    const isJson = (answer: HttpAnswer) => answer.status !== 200 || jsonOf(answer) !== undefined;
    const answer = await this.#withAuth(method, url, { form }, isJson);
    const fields = jsonOf(answer);
    if (answer.status === 200 && fields !== undefined) return fields;
    throw this.#failure(answer, url, what);
  }

  /** Asks with credentials, and once more with new ones where they are refused. */
  async #withAuth(
    method: 'GET' | 'PUT',
    url: string,
    options: RequestOptions,
    isGood: (answer: HttpAnswer) => boolean,
  ): Promise<HttpAnswer> {
    const query = await this.#session.query();
    const answer = await this.#http.request(method, withAuth(url, query), options);
    // The portal says so with its page to log in on or with one about an error, both with status 200 or as a redirect.
    const refused =
      (answer.challenge !== 'basic' && [401, 403].includes(answer.status)) || (answer.status < 400 && !isGood(answer));
    const other = refused ? await this.#session.renewed(query) : undefined;
    if (other === undefined) return answer;
    return this.#http.request(method, withAuth(url, other), options);
  }

  #record(fields: Fields, key: string, what: string): Fields {
    const record = fields[key];
    if (isFields(record)) return record;
    throw new ZmdetectError('ZONEMINDER_NOT_FOUND', { what });
  }

  #failure(answer: HttpAnswer, url: string, what: string, expected?: string): ZmdetectError {
    if (answer.status === 404) return new ZmdetectError('ZONEMINDER_NOT_FOUND', { what });
    const said = answer.challenge === 'basic' ? basicFault : this.#session.redact(messageOf(answer));
    const login = answer.redirect === loginPage;
    if (answer.status !== 401 && answer.status !== 403 && !login) return unexpected(url, answer, expected);
    const how = login ? 'it asks for a login' : `status ${answer.status}${said === '' ? '' : ` (${said})`}`;
    return new ZmdetectError('ZONEMINDER_REFUSED', {
      reason: `${redactUrl(url)}: ${how}`,
      challenge: login ? '' : answer.challenge,
    });
  }
}

function checkedUrl(name: string, value: string): string {
  const url = parseUrl(value);
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return value.replace(/\/+$/, '');
  throw new ZmdetectError('OPTION_INVALID', { expected: 'an http(s) URL', name, value: redactUrl(value) });
}
