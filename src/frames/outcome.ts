/**
 * What a fetch came to, and the sentence for each way it can fail.
 *
 * A reason is put together from fixed words, the redacted URL, a status and an error *code*. The message, stack and
 * cause of an error of the HTTP library are never passed on, because they may quote the request.
 */
import { TargetRefused } from './policy.js';
import { redactUrl } from './url.js';

export type FetchFailureKind =
  'status' | 'network' | 'timeout' | 'too-large' | 'refused-by-policy' | 'tls' | 'bad-url' | 'empty';

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
  /** One sentence for log and operator; holds no credential. */
  readonly reason: string;
}

export type FetchOutcome = FetchedFrame | FetchFailure;

/** Thrown within this folder to end a fetch; `message` is a sentence without any part of the URL. */
export class FetchFailed extends Error {
  override readonly name = 'FetchFailed';
  readonly kind: FetchFailureKind;
  readonly status: number | undefined;

  constructor(kind: FetchFailureKind, message: string, status?: number) {
    super(message);
    this.kind = kind;
    this.status = status;
  }
}

/** The failure that `error`, thrown while `url` was being fetched, stands for. */
export function failureOf(error: unknown, url: string | URL): FetchFailure {
  const failed = classify(error);
  return {
    ok: false,
    kind: failed.kind,
    ...(failed.status === undefined ? {} : { status: failed.status }),
    reason: `${redactUrl(url)}: ${failed.message}`,
  };
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
  [/^Z_/, 'network', 'the compressed body is broken'],
  [/^/, 'network', 'the transfer broke off'],
];

function classify(error: unknown): FetchFailed {
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
  return new FetchFailed(kind, code === '' ? sentence : `${sentence} (${code})`);
}

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
