/** What to do about an error, in the words of an `objectconfig.yml`; a key that is set already is not advised. */
import { type ErrorCode, errorTable, type ZmdetectError } from '../errors.js';
import type { HookSettings } from './settings.js';

type Remedy = (error: ZmdetectError, settings: HookSettings) => string;

const remedies: Partial<Record<ErrorCode, Remedy>> = {
  ZONEMINDER_UNREACHABLE: ({ params }) =>
    params.kind === 'tls'
      ? 'set general.allow_self_signed: "yes", or have this host trust the certificate (the environment variable NODE_EXTRA_CA_CERTS names a file of its own)'
      : 'check that this host reaches ZoneMinder, and general.api_portal and general.portal',
  ZONEMINDER_REFUSED: ({ params }, { zoneMinder: { basicAuth, user } }) => {
    if (params.challenge === 'basic') {
      return basicAuth === undefined
        ? 'the web server in front of ZoneMinder wants a login of its own: set general.basic_user and general.basic_password'
        : 'the web server in front of ZoneMinder refuses this login: check general.basic_user and general.basic_password';
    }
    if (user === undefined) return 'set general.user and general.password';
    return 'check general.user and general.password; in ZoneMinder the options OPT_USE_API and AUTH_HASH_SECRET, and what the user may do';
  },
  GATEWAY_UNREACHABLE: ({ params }, settings) =>
    params.kind === 'tls'
      ? 'have this host trust the certificate of remote.ml_gateway (the environment variable NODE_EXTRA_CA_CERTS names a file of its own)'
      : `check remote.ml_gateway and that its server runs${orLocal(settings)}`,
  GATEWAY_TIMEOUT: (_, settings) =>
    `see what the server is busy with, or raise remote.ml_timeout above ${settings.gateway?.timeout ?? 60}${orLocal(settings)}`,
  GATEWAY_BUSY: ({ params }, settings) =>
    String(params.reason).startsWith('status 503') && params.retryAfter === undefined
      ? `see the server's log${orLocal(settings)}`
      : `the server has more to do than it can within remote.ml_timeout: raise that above ${settings.gateway?.timeout ?? 60}${orLocal(settings)}`,
  GATEWAY_LOGIN_REFUSED: ({ params }, { gateway }) =>
    params.challenge === 'basic'
      ? 'a web server in front of it wants a login of its own: write remote.ml_gateway as "http://USER:PASSWORD@HOST:PORT"'
      : gateway?.user === undefined
        ? 'set remote.ml_user and remote.ml_password'
        : 'check remote.ml_user and remote.ml_password',
  GATEWAY_UNEXPECTED: () => 'check that remote.ml_gateway is the base URL of zmdetectd or pyzm.serve',
  GATEWAY_MODEL_UNKNOWN: () =>
    'give the entry the name of a model that the server lists under /models, or start the server with --models "NAME=FILE"',
  FRAMES_MISSING: (_, { stream, gateway }) => {
    const more = (stream.maxAttempts ?? 1) > 1 ? '' : '; new frames need ml.stream_sequence.max_attempts';
    const byServer = gateway?.mode === 'url' ? ', and that the server reaches general.portal' : '';
    return `check that the frames exist and that whoever fetches them can log in${byServer}${more}`;
  },
};

function orLocal({ gateway }: HookSettings): string {
  return gateway?.fallbackLocal === false
    ? ', or set remote.ml_fallback_local: "yes" so that the models of this host stand in'
    : '';
}

/** `settings`: undefined where the error came before they were read. */
export function remedyOf(error: ZmdetectError, settings: HookSettings | undefined): string {
  const own = settings && remedies[error.code]?.(error, settings);
  return own ?? errorTable[error.code].mend;
}
