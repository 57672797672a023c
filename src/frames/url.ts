/**
 * The two things done to a frame's URL: adding ZoneMinder's credentials, and taking every credential out again before
 * the URL is shown to anybody.
 */

/** Stands for whatever was left out. */
const hidden = '***';
const longestShown = 300;

/** Segments of paths that every ZoneMinder has. Any other may be a secret: a camera's snapshot often lies behind one. */
const openSegments = new Set([
  ...['', 'zm', 'zoneminder', 'index.php', 'api', 'host', 'login.json', 'getVersion.json'],
  ...['events', 'monitors', 'monitors.json', 'zones', 'forMonitor'],
]);
const collections = new Set(['events', 'monitors', 'forMonitor']);
const numberedRecord = /^\d{1,10}\.json$/;

/** Values of query parameters that say which frame was asked for. */
const openValues: ReadonlyMap<string, RegExp> = new Map([
  ['view', /^image$/],
  ['eid', /^\d{1,10}$/],
  ['fid', /^(\d{1,10}|snapshot|alarm|objdetect)$/],
]);

/**
 * Appends `zmAuth` (a query fragment such as `token=...`; empty: none) as the wire contract says: after `&` if `url`
 * holds a `?` anywhere, else after `?`, with nothing escaped. The credentials of a URL with a `#fragment` are lost by
 * that, as they are upstream.
 */
export function withAuth(url: string, zmAuth: string): string {
  if (zmAuth === '') return url;
  return `${url}${url.includes('?') ? '&' : '?'}${zmAuth}`;
}

/** `url` with a login of its web server as user info, which whoever fetches it turns into a Basic login. */
export function withLogin(
  url: string,
  login: { readonly user: string; readonly password: string } | undefined,
): string {
  const target = parseUrl(url);
  if (login === undefined || target === undefined || target.username !== '') return url;
  const part = (text: string) => encodeURIComponent(text).replaceAll("'", '%27');
  return url.replace('//', `//${part(login.user)}:${part(login.password)}@`);
}

/**
 * `url` for logs, error messages and labels: scheme, host and port, and of the rest what says which frame or record was
 * asked for. User info, fragment, all other parts of the path and all other parameters are left out. At most 300
 * characters. Never throws: what is no http(s) URL is not shown at all.
 */
export function redactUrl(url: string | URL): string {
  const parsed = typeof url === 'string' ? parseUrl(url) : url;
  if (parsed === undefined) return '(unreadable URL)';
  if (parsed.protocol !== 'http:' && parsed.protocol !== 'https:') return '(not an http URL)';
  const text = `${parsed.origin}${redactPath(parsed.pathname)}${redactQuery(parsed.searchParams)}`;
  return text.length > longestShown ? `${text.slice(0, longestShown)}...` : text;
}

/** `text` with each URL in it redacted, and each path that stands alone, as servers of all kinds quote them. */
export function redactUrlsIn(text: string): string {
  return text.replace(/\b[a-z][a-z0-9+.-]*:\/\/[^\s'"<>]+|(?<=^|[\s'"(=])\/[^\s'"<>]+/gi, (found) =>
    found.startsWith('/') ? redactUrl(`http://-${found}`).replace('http://-', '') : redactUrl(found),
  );
}

/** The URL, or undefined where `text` is none. */
export function parseUrl(text: string): URL | undefined {
  // Not `new URL`: the error that it throws holds its whole input.
  return URL.canParse(text) ? new URL(text) : undefined;
}

function redactPath(path: string): string {
  const segments = path.split('/');
  const shown = segments.map((segment, i) => {
    const isRecord = numberedRecord.test(segment) && collections.has(segments[i - 1] ?? '');
    return openSegments.has(segment) || isRecord ? segment : hidden;
  });
  // How many parts are left out says nothing.
  return shown.filter((segment, i) => segment !== hidden || shown[i - 1] !== hidden).join('/');
}

function redactQuery(query: URLSearchParams): string {
  const parts = [...query].map(([name, value]) => {
    const open = openValues.get(name);
    if (open === undefined) return hidden;
    return `${name}=${open.test(value) ? value : hidden}`;
  });
  const [known, others] = [parts.filter((part) => part !== hidden), parts.includes(hidden) ? [hidden] : []];
  return parts.length === 0 ? '' : `?${[...known, ...others].join('&')}`;
}
