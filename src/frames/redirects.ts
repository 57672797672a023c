/** What a redirect may take along: a login and ZoneMinder's credentials are for the server that they were given for. */
import { FetchFailed } from './outcome.js';

/** Parameters that hold credentials where the URL was written with them. */
const credentialNames = new Set([
  ...['token', 'auth', 'user', 'username', 'pass', 'password', 'passwd', 'pwd', 'key', 'apikey', 'api_key'],
]);
/** A shorter value may stand in a URL by chance. */
const shortestSecret = 6;

/** Where `location`, the header of an answer to `from`, leads; without its user info. Errors: FetchFailed. */
export function redirectTarget(location: string, from: URL): URL {
  // Header bytes arrive as Latin-1 text; what servers put there is UTF-8.
  const target = Buffer.from(location, 'latin1').toString('utf8');
  if (!URL.canParse(target, from.href)) {
    throw new FetchFailed('redirects', 'it redirects to something that is not a URL');
  }
  const url = new URL(target, from);
  url.username = '';
  url.password = '';
  return url;
}

/** Whether a Basic login goes along: to the same origin, and from http to https on the usual ports of one host. */
export function keepsLogin(from: URL, to: URL): boolean {
  return from.origin === to.origin || (isUpgrade(from, to) && from.port === '' && to.port === '');
}

/** http to https on one host. */
export function isUpgrade(from: URL, to: URL): boolean {
  return from.protocol === 'http:' && to.protocol === 'https:' && from.hostname === to.hostname;
}

/**
 * Refuses a redirect that repeats the credentials of the request to another server, or from https to http. Servers copy
 * the query into the Location. Errors: FetchFailed.
 */
export function checkCredentials(from: URL, to: URL, zmAuth: string): void {
  if (from.origin === to.origin || isUpgrade(from, to)) return;
  const own = [...from.searchParams].filter(([name]) => credentialNames.has(name.toLowerCase()));
  const sent = [...new URLSearchParams(zmAuth), ...own];
  const target = `${to.href} ${decoded(to.href)}`;
  const raw = zmAuth.split(/[&=]/);
  const values = [...sent.map(([, value]) => value), ...raw].filter((value) => value.length >= shortestSecret);
  const repeats = sent.some(([name, value]) => value !== '' && to.searchParams.get(name) === value);
  if (repeats || values.some((value) => target.includes(value))) {
    throw new FetchFailed('redirects', 'it redirects to another server with the credentials, or from https to http');
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}
