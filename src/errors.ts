/**
 * The one table of everything that can go wrong: stable code, HTTP status, the text that a client reads, and the mend.
 *
 * `detail` is the body's `detail` string; where the wire contract fixes it, it stands here byte for byte. `{name}` parts
 * are filled from the error's parameters. `docs/reference/errors.md` is generated from this table.
 */
export interface ErrorRow {
  readonly status: number;
  readonly detail: string;
  readonly mend: string;
  /** Seconds for the `Retry-After` header where the error does not say better; absent: the header is not sent. */
  readonly retryAfter?: number;
}

const table = {
  IMAGE_EMPTY: { status: 400, detail: 'Empty file', mend: 'send a picture; the part `file` had no bytes' },
  IMAGE_UNDECODABLE: {
    status: 400,
    detail: 'Could not decode image',
    mend: 'send JPEG, PNG, BMP, WebP, GIF, TIFF or PNM; the log names what is wrong with the bytes',
  },
  IMAGE_TOO_LARGE: {
    status: 400,
    detail: 'Could not decode image: {reason}',
    mend: 'send a smaller picture, or raise `max_image_pixels`',
  },
  IMAGE_TOO_THIN: {
    status: 400,
    detail: 'Could not decode image: {reason}',
    mend: 'send a picture whose shorter side is not lost when it is scaled to the network input',
  },
  UPLOAD_TOO_LARGE: {
    status: 413,
    detail: 'The body has more than the {limit} bytes allowed',
    mend: 'send a smaller body, or raise `max_upload_bytes`',
  },
  MULTIPART_NO_BOUNDARY: {
    status: 400,
    detail: 'Missing boundary in multipart.',
    mend: 'name the boundary in the Content-Type header',
  },
  MULTIPART_INVALID: {
    status: 400,
    detail: 'Invalid multipart data.',
    mend: 'send a complete multipart/form-data body',
  },
  PART_TOO_LARGE: {
    status: 400,
    detail: 'Part exceeded maximum size of 1024KB.',
    mend: 'send pictures as file parts, with a filename; other fields hold at most 1 MiB',
  },
  ZONES_INVALID: {
    status: 400,
    detail: 'Invalid zones JSON: {reason}',
    mend: 'send a JSON array of {"name", "value": [[x, y], ...], "pattern", "ignore_pattern"}',
  },
  URLS_MISSING: { status: 400, detail: 'No URLs provided', mend: 'send "urls": [{"frame_id", "url"}, ...]' },
  URLS_INVALID: {
    status: 400,
    detail: 'Invalid urls: {reason}',
    mend: 'send "urls": [{"frame_id", "url"}, ...] with text in "url"',
  },
  OPTION_INVALID: {
    status: 400,
    detail: 'expected {expected} for {name}, got {value}',
    mend: 'correct the value that the sentence names',
  },
  PATTERN_INVALID: {
    status: 400,
    detail: 'Invalid pattern {pattern}: {reason}',
    mend: 'use a Python regular expression; it is matched from the start of the label',
  },
  NOT_AUTHENTICATED: {
    status: 401,
    detail: 'Not authenticated',
    mend: 'POST /login, then send Authorization: Bearer <access_token>',
  },
  TOKEN_EXPIRED: { status: 401, detail: 'Token expired', mend: 'POST /login for a new token' },
  TOKEN_INVALID: { status: 401, detail: 'Invalid token', mend: 'POST /login on this server for a token' },
  CREDENTIALS_INVALID: {
    status: 401,
    detail: 'Invalid credentials',
    mend: 'check `auth_username` and `auth_password` on both ends',
  },
  REQUEST_MALFORMED: {
    status: 400,
    detail: 'The request is not valid HTTP: {reason}',
    mend: 'send HTTP/1.1 as its standard has it; see what stands between client and server',
  },
  REQUEST_TIMEOUT: {
    status: 408,
    detail: 'The request did not arrive within the time allowed',
    mend: 'send the whole request without pauses; limits.md has the times',
  },
  HEADERS_TOO_LARGE: {
    status: 431,
    detail: 'The headers have more than the {limit} allowed',
    mend: 'send fewer or shorter headers',
  },
  TRANSFER_CODING_UNKNOWN: {
    status: 501,
    detail: 'Transfer-Encoding {coding} is not supported, only chunked',
    mend: 'send the body with a Content-Length, or chunked',
  },
  CONNECTION_BUSY: {
    status: 429,
    detail: 'Too many requests wait on this connection',
    mend: 'read answers before sending more requests, or open more connections',
    retryAfter: 1,
  },
  LOGIN_LIMITED: {
    status: 429,
    detail: 'Too many failed logins',
    mend: 'wait for the seconds in `Retry-After`; correct the user name and password',
    retryAfter: 30,
  },
  NOT_FOUND: { status: 404, detail: 'Not Found', mend: 'see docs/reference/http.md for the routes' },
  METHOD_NOT_ALLOWED: { status: 405, detail: 'Method Not Allowed', mend: 'use the method in the `allow` header' },
  INTERNAL: { status: 500, detail: 'Internal Server Error', mend: 'report it with the log lines of the request id' },
  INFERENCE_FAILED: {
    status: 503,
    detail: 'Inference failed: {reason}',
    mend: 'see the log; GET /models shows the state of each model',
  },
  MODEL_FILE_MISSING: { status: 503, detail: '{reason}', mend: 'check `base_path` and the model name' },
  MODEL_UNREADABLE: { status: 503, detail: '{reason}', mend: 'fetch the file again; the runtime refuses it' },
  MODEL_LAYOUT_UNKNOWN: {
    status: 503,
    detail: '{reason}',
    mend: 'export the model in a layout that docs/reference/models.md lists',
  },
  MODEL_LABELS_MISSING: {
    status: 503,
    detail: '{reason}',
    mend: 'put a label file (<model>.names, one label a line) beside the model',
  },
  MODEL_OUTPUT_INVALID: { status: 503, detail: '{reason}', mend: 'check that the label file fits the model' },
  BACKEND_UNAVAILABLE: { status: 503, detail: '{reason}', mend: 'install the library that the sentence names' },
  DEVICE_UNAVAILABLE: { status: 503, detail: '{reason}', mend: 'check the driver, or use `processor: cpu`' },
  OUT_OF_MEMORY: { status: 503, detail: '{reason}', mend: 'use a smaller model or picture, or add memory' },
  DEADLINE_EXCEEDED: {
    status: 429,
    detail: '{reason}',
    mend: 'send less at once, or allow more time with `X-Deadline-Ms`',
    retryAfter: 2,
  },
  QUEUE_FULL: {
    status: 429,
    detail: '{reason}',
    mend: 'try again after the seconds in `Retry-After`; the answer would have come after the deadline',
    retryAfter: 1,
  },
  QUEUE_BYTES_FULL: {
    status: 429,
    detail: 'The pictures that wait fill the {limit} bytes allowed',
    mend: 'try again after the seconds in `Retry-After`, or raise `max_queued_bytes`',
    retryAfter: 1,
  },
  MODEL_LOADING: {
    status: 503,
    detail: 'Model {name} is still loading',
    mend: 'try again after the seconds in `Retry-After`',
    retryAfter: 2,
  },
  MODEL_NO_ROOM: {
    status: 503,
    detail: 'There is no room for model {name}: the others in memory are pinned',
    mend: 'raise `max_loaded_models` or `max_model_memory`, or pin fewer models',
    retryAfter: 2,
  },
  ENGINE_CLOSED: { status: 503, detail: 'The server is shutting down', mend: 'try again when it is back' },
  CANCELLED: { status: 499, detail: 'The client closed the connection', mend: 'nothing; the work was dropped' },
  CONFIG_INVALID: { status: 500, detail: '{reason}', mend: 'correct the configuration and start again' },
  FETCH_FAILED: { status: 502, detail: '{reason}', mend: 'check that this host reaches the URL and its login' },
  ZONEMINDER_UNREACHABLE: {
    status: 502,
    detail: '{reason}',
    mend: 'check that this host reaches ZoneMinder, and the certificate it shows',
  },
  ZONEMINDER_REFUSED: {
    status: 502,
    detail: '{reason}',
    mend: 'check user and password; in ZoneMinder the options OPT_USE_API and AUTH_HASH_SECRET, and what the user may do',
  },
  ZONEMINDER_NOT_FOUND: {
    status: 404,
    detail: 'ZoneMinder has no {what}',
    mend: 'check the number; a frame may not be written yet, and a user sees only the monitors it is allowed',
  },
  ZONEMINDER_UNEXPECTED: {
    status: 502,
    detail: '{reason}',
    mend: "check that the URL is that of the API (https://host/zm/api), and ZoneMinder's log",
  },
  GATEWAY_UNREACHABLE: {
    status: 502,
    detail: 'Gateway {gateway} cannot be reached: {reason}',
    mend: 'check `gateway` (`ml_gateway`) and that its server runs, or allow the models of this host to stand in (`ml_fallback_local`)',
  },
  GATEWAY_TIMEOUT: {
    status: 504,
    detail: 'Gateway {gateway} gave no answer within {seconds} s',
    mend: 'see what the server is busy with, or raise `gatewayTimeout` (`ml_timeout`)',
  },
  GATEWAY_BUSY: {
    status: 503,
    detail: 'Gateway {gateway} cannot answer now: {reason}',
    mend: 'try again after the seconds that the parameter `retryAfter` names, if it does',
  },
  GATEWAY_FAILED: {
    status: 502,
    detail: 'Gateway {gateway} failed: {reason}',
    mend: "see the server's log",
  },
  GATEWAY_LOGIN_REFUSED: {
    status: 502,
    detail: 'Gateway {gateway} refused the login: {reason}',
    mend: 'check `gatewayUsername` and `gatewayPassword` (`ml_user`, `ml_password`)',
  },
  GATEWAY_REFUSED: {
    status: 502,
    detail: 'Gateway {gateway} refused the request: {reason}',
    mend: 'correct what the reason names',
  },
  GATEWAY_UNEXPECTED: {
    status: 502,
    detail: 'Gateway {gateway} gave an answer that no detection server gives: {reason}',
    mend: 'check that `gateway` (`ml_gateway`) is the base URL of zmdetectd or pyzm.serve',
  },
  GATEWAY_MODEL_UNKNOWN: {
    status: 502,
    detail: 'Gateway {gateway} cannot run what was asked for: {reason}',
    mend: 'name a model of its GET /models, or give one of its models that name: `--models "NAME=FILE"`',
  },
  FRAMES_MISSING: {
    status: 502,
    detail: 'None of the frames {frames} of event {event} could be looked at: {reason}',
    mend: 'check that the frames exist and that whoever fetches them can log in; a frame that is being written needs more than one attempt',
  },
  DETECTOR_CLOSED: { status: 503, detail: 'The detector is closed', mend: 'make a new one' },
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof table;
export const errorTable: Readonly<Record<ErrorCode, ErrorRow>> = table;

/** An error of the table above. `params` fill the `{name}` parts of its text; they never hold a secret. */
export class ZmdetectError extends Error {
  readonly code: ErrorCode;
  readonly params: Readonly<Record<string, string | number>>;

  constructor(code: ErrorCode, params: Record<string, string | number> = {}, options?: ErrorOptions) {
    const detail = errorTable[code].detail.replace(/\{(\w+)\}/g, (part, name: string) => String(params[name] ?? part));
    super(detail, options);
    this.name = 'ZmdetectError';
    this.code = code;
    this.params = params;
  }

  get status(): number {
    return errorTable[this.code].status;
  }

  /** Whole seconds after which another try makes sense; undefined where it would end the same way. */
  get retryAfter(): number | undefined {
    const { retryAfter } = errorTable[this.code];
    return retryAfter === undefined ? undefined : Number(this.params.retryAfter ?? retryAfter);
  }
}

export function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(table, code);
}
