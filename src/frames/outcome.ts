/**
 * What a fetch came to, and the sentence for each way it can fail.
 *
 * A reason is put together from fixed words, the redacted URL, a status and an error *code*. The message, stack and
 * cause of an error of the HTTP library are never passed on, because they may quote the request.
 */
import type { ZmdetectError } from '../errors.js';
import { TargetRefused } from './policy.js';
import { redactUrl } from './url.js';

export type FetchFailureKind =
  // What an answer came to.
  | 'status'
  | 'empty'
  | 'too-large'
  | 'too-slow'
  | 'stream'
  | 'cut'
  | 'undecodable'
  // No answer.
  | 'network'
  | 'timeout'
  | 'tls'
  | 'refused-by-policy'
  | 'redirects'
  | 'bad-url';

const kinds: ReadonlySet<unknown> = new Set<FetchFailureKind>([
  ...(['status', 'empty', 'too-large', 'too-slow', 'stream', 'cut', 'undecodable'] as const),
  ...(['network', 'timeout', 'tls', 'refused-by-policy', 'redirects', 'bad-url'] as const),
]);

export function isFailureKind(kind: unknown): kind is FetchFailureKind {
  return kinds.has(kind);
}

export interface FetchedFrame {
  readonly ok: true;
  readonly bytes: Buffer;
  /** The redacted URL that answered, after redirects. */
  readonly finalUrl: string;
  readonly milliseconds: number;
}

export interface FetchFailure {
  readonly ok: false;
  readonly kind: FetchFailureKind;
  /** The HTTP status, with kind `status` only. */
  readonly status?: number;
  /** With status 401: the web server wants a Basic login. */
  readonly wantsBasicLogin?: boolean;
  /** One sentence for log and operator; holds no credential. */
  readonly reason: string;
}

export type FetchOutcome = FetchedFrame | FetchFailure;

/** Thrown to end a fetch; `message` is a sentence without any part of the URL. */
export class FetchFailed extends Error {
  override readonly name = 'FetchFailed';
  readonly kind: FetchFailureKind;
  readonly status: number | undefined;
  readonly wantsBasicLogin: boolean;

  constructor(kind: FetchFailureKind, message: string, status?: number, wantsBasicLogin = false) {
    super(message);
    this.kind = kind;
    this.status = status;
    this.wantsBasicLogin = wantsBasicLogin;
  }
}

/** The failure that a status from 400 on is; `challenge`: its WWW-Authenticate header. */
export function badStatus(status: number, challenge: string | undefined): FetchFailed {
  const wantsBasicLogin = status === 401 && challenge !== undefined && /\bbasic\b/i.test(challenge);
  return new FetchFailed('status', statusSentence(status, wantsBasicLogin), status, wantsBasicLogin);
}

function statusSentence(status: number, wantsBasicLogin: boolean): string {
  const sentence = `the answer is status ${status}`;
  return wantsBasicLogin ? `${sentence}: the web server wants a Basic login (basic_user, basic_password)` : sentence;
}

/** Says that an answer is a stream of pictures, which never ends; undefined for others. */
export function streamFault(contentType: string | undefined): FetchFailed | undefined {
  if (contentType === undefined || !/^\s*multipart\//i.test(contentType)) return undefined;
  return new FetchFailed('stream', streamSentence);
}

const streamSentence = 'the URL is a stream (multipart), not a picture: name a snapshot, in ZoneMinder view=image';

/** The failure that `error`, thrown while `url` was being fetched, stands for. `isAnswered`: the headers had come. */
export function failureOf(error: unknown, url: string | URL, { isAnswered = false } = {}): FetchFailure {
  const failed = classify(error, isAnswered);
  return {
    ok: false,
    kind: failed.kind,
    ...(failed.status === undefined ? {} : { status: failed.status }),
    ...(failed.wantsBasicLogin ? { wantsBasicLogin: true } : {}),
    reason: `${redactUrl(url)}: ${failed.message}`,
  };
}

/**
 * The failure that an answer is which the decoder refuses with `error`. ZoneMinder answers an expired session with a page
 * to log in on and status 200.
 */
export function noPicture(error: ZmdetectError, finalUrl: string): FetchFailure {
  const isTooLarge = error.code === 'IMAGE_TOO_LARGE' || error.code === 'IMAGE_TOO_THIN';
  const reason = `${finalUrl}: ${String(error.params.reason ?? error.message)}`;
  return { ok: false, kind: isTooLarge ? 'too-large' : 'undecodable', reason };
}

const hiddenKinds: ReadonlySet<FetchFailureKind> = new Set([
  'network',
  'timeout',
  'tls',
  'refused-by-policy',
  'redirects',
  'bad-url',
]);

/** Whether clients are not told more than that there is no frame. */
export function isHidden(kind: FetchFailureKind): boolean {
  return hiddenKinds.has(kind);
}

/**
 * What a client may know of a failure. Whether a host exists, a port is open or a target is refused is for the log alone:
 * else anybody could map this host's network through us. An answer is told, since it decides whether to ask again.
 */
export function publicReason(requested: string, failure: FetchFailure): string {
  return `${redactUrl(requested)}: ${publicSentence(failure)}`;
}

function publicSentence({ kind, status, wantsBasicLogin }: FetchFailure): string {
  switch (kind) {
    case 'status':
      return statusSentence(status ?? 0, wantsBasicLogin ?? false);
    case 'empty':
      return 'the answer is empty';
    case 'too-large':
      return 'the answer is larger than allowed';
    case 'too-slow':
      return 'the answer did not end in time';
    case 'cut':
      return 'the answer broke off';
    case 'stream':
      return streamSentence;
    case 'undecodable':
      return 'could not decode the answer as a picture';
    default:
      return 'no frame could be fetched from there; the log of the server says why';
  }
}

const tlsCode =
  /^(ERR_TLS|ERR_SSL|EPROTO$|CERT_|CRL_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|HOSTNAME_MISMATCH|INVALID_|PATH_LENGTH)/;

/** By code, in this order; the first that fits is taken. */
const byCode: ReadonlyArray<readonly [code: RegExp, kind: FetchFailureKind, sentence: string]> = [
  [/^(UND_ERR_CONNECT_TIMEOUT|ETIMEDOUT)$/, 'timeout', 'no connection in time'],
  [/^UND_ERR_(HEADERS|BODY)_TIMEOUT$/, 'timeout', 'nothing was received in time'],
  [/^(ENOTFOUND|EAI_\w+)$/, 'network', 'the host name does not resolve'],
  [/^(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL)$/, 'network', 'no connection'],
  [/^UND_ERR_INVALID_ARG$|^ERR_INVALID_URL$/, 'bad-url', 'this is not a URL that can be asked'],
  [tlsCode, 'tls', 'the TLS connection was not accepted'],
  [/^Z_/, 'cut', 'the compressed body is broken'],
  [/^/, 'network', 'the transfer broke off'],
];

function classify(error: unknown, isAnswered: boolean): FetchFailed {
  const chain = causesOf(error);
  for (const link of chain) {
    if (link instanceof FetchFailed) return link;
    if (link instanceof TargetRefused) return new FetchFailed('refused-by-policy', link.message);
  }
  const code = chain.map(codeOf).find((found) => found !== '') ?? '';
  const [, kind, sentence] = byCode.find(([pattern]) => pattern.test(code)) ?? [
    code,
    'network',
    'the transfer broke off',
  ];
  const told = code === '' ? sentence : `${sentence} (${code})`;
  return new FetchFailed(isAnswered ? (bodyKinds[kind] ?? kind) : kind, told);
}

/** What a failure of the network is once an answer has begun. */
const bodyKinds: Partial<Record<FetchFailureKind, FetchFailureKind>> = { network: 'cut', timeout: 'too-slow' };

/** The error and its causes, outermost first; a chain that does not end is cut. */
function causesOf(error: unknown): readonly unknown[] {
  const chain: unknown[] = [];
  for (let link = error; link instanceof Error && chain.length < 8; link = link.cause) chain.push(link);
  return chain;
}

function codeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : '';
  return typeof code === 'string' && /^\w{1,60}$/.test(code) ? code : '';
}
