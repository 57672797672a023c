/**
 * The two things done to a frame's URL: adding ZoneMinder's credentials, and taking every credential out again before
 * the URL is shown to anybody.
 */

/** Stands for whatever was left out. */
const hidden = '***';
const longestShown = 300;

/** Query parameters that say which frame was asked for. */
const shown = new Set(['view', 'eid', 'fid']);
const harmlessValue = /^[\w.-]{1,32}$/;

/** Parameters whose name helps to read a log and whose value does not belong there. Any other name may be a secret. */
const named = new Set([
  ...['token', 'auth', 'user', 'username', 'pass', 'password', 'passwd', 'pwd', 'key', 'apikey', 'api_key'],
  ...['mid', 'monitor', 'width', 'height', 'scale', 'show', 'format'],
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

/**
 * `url` for logs, error messages and labels: scheme, host, port and path, then the query with only the values of
 * `view`, `eid` and `fid`. User info and fragment are gone, and so is what looks like a query or user info within the
 * path. At most 300 characters. Never throws: what is no http(s) URL is not shown at all.
 */
export function redactUrl(url: string | URL): string {
  const parsed = typeof url === 'string' ? parseUrl(url) : url;
  if (parsed === undefined) return '(unreadable URL)';
  if (parsed.protocol !== 'http:' && parsed.protocol !== 'https:') return '(not an http URL)';
  const text = `${parsed.origin}${redactPath(parsed.pathname)}${redactQuery(parsed.searchParams)}`;
  return text.length > longestShown ? `${text.slice(0, longestShown)}...` : text;
}

/** The URL, or undefined where `text` is none. */
export function parseUrl(text: string): URL | undefined {
  // Not `new URL`: the error that it throws holds its whole input.
  return URL.canParse(text) ? new URL(text) : undefined;
}

/** A forgotten or doubly escaped `?` puts credentials into the path; so does `http://http://user:password@host/`. */
function redactPath(path: string): string {
  return path.replace(/([;&=]|%3b|%3d|%3f|%26).*/is, hidden).replace(/[^/]*(@|%40)/gi, `${hidden}@`);
}

function redactQuery(query: URLSearchParams): string {
  const parts = [...query].map(([name, value]) => {
    if (shown.has(name)) return `${name}=${harmlessValue.test(value) ? value : hidden}`;
    return named.has(name.toLowerCase()) ? `${name}=${hidden}` : hidden;
  });
  return parts.length === 0 ? '' : `?${parts.join('&')}`;
}
