/** The form of POST /infer, checked (wire generations, 6.1). Empty fields count as absent. */
import { z } from 'zod';

import { modelTypes } from '../detection/config.js';
import { ZmdetectError } from '../errors.js';
import type { FrameRequest } from '../frames/fetcher.js';
import { limits } from '../limits.js';
import { picturePart, requests } from './api/requests.js';
import type { Form } from './multipart.js';
import { InvalidBody, missing, notAFile } from './validation.js';

export interface InferRequest {
  /** Any word: one that is no model type finds no model. */
  readonly type: string;
  /** Exact published name; empty: the first model of the type. */
  readonly name: string;
  /** In place of the model's own threshold, in both directions; undefined: the model's own. */
  readonly minConfidence: number | undefined;
  readonly source: { readonly frame: FrameRequest } | { readonly bytes: Buffer };
}

/** The form's fields. All are text but the picture; here stands what the texts mean. */
export const inferForm = z
  .looseObject({
    type: z
      .string()
      .min(1)
      .describe(`${modelTypes.join(', ')}; any other word finds no model`),
    name: z.string().optional().describe('exactly as /models lists it; absent: the first model of the type'),
    min_confidence: z.number().optional().describe("replaces the model's threshold, upwards and downwards"),
    image: picturePart.optional(),
    url: z.string().optional().describe('in place of `image`: fetched by the server'),
    zm_auth: z.string().optional().describe("appended to the URL's query"),
    verify_ssl: z.string().optional().describe('`0`, `false` and `False` mean that TLS certificates are not checked'),
  })
  .register(requests, { id: 'InferForm' });
/** An urlencoded form has no files. */
export const inferFields = inferForm.omit({ image: true }).register(requests, { id: 'InferFields' });
type FieldName = keyof typeof inferForm.shape;

/**
 * `isLocal`: the client is on this host. Errors: the 422 answers; IMAGE_EMPTY where there is neither a URL nor a picture;
 * OPTION_INVALID for a URL that is too long.
 */
export function parseInferRequest(form: Form, isLocal: boolean): InferRequest {
  const field = (name: FieldName) => form.fields.get(name) ?? '';
  const type = field('type');
  if (type === '') throw missing('type');
  const minConfidence = parseConfidence(field('min_confidence'));
  const image = form.files.get('image');
  if (image === undefined && field('image') !== '') throw notAFile('image', field('image'));
  const [name, url] = [field('name'), field('url')];
  if (url !== '') {
    const [zmAuth, verifySsl] = [field('zm_auth'), !isOff(field('verify_ssl'))];
    for (const [option, text] of Object.entries({ url, zm_auth: zmAuth })) checkLength(option, text);
    const frame = { url, zmAuth, verifySsl, isLocal };
    return { type, name, minConfidence, source: { frame } };
  }
  if (image === undefined || image.length === 0) throw new ZmdetectError('IMAGE_EMPTY');
  return { type, name, minConfidence, source: { bytes: image } };
}

function isOff(text: string): boolean {
  return text === '0' || text === 'false' || text === 'False';
}

function checkLength(name: string, text: string): void {
  const most = limits.urlCharacters.value;
  if (text.length <= most) return;
  const expected = `at most ${most} characters`;
  throw new ZmdetectError('OPTION_INVALID', { name, expected, value: `${text.length}` });
}

/** Python's notation of a number. */
const decimal = /^\s*[+-]?(\d+(_\d+)*\.?(\d+(_\d+)*)?|\.\d+(_\d+)*)(e[+-]?\d+)?\s*$/i;
const nonFinite = /^\s*[+-]?(nan|inf|infinity)\s*$/i;

function parseConfidence(text: string): number | undefined {
  if (text === '') return undefined;
  const value = Number(text.replaceAll('_', ''));
  if (nonFinite.test(text) || (decimal.test(text) && !Number.isFinite(value))) {
    throw badConfidence('finite_number', 'Input should be a finite number', text);
  }
  if (!decimal.test(text)) {
    const unparsable = 'Input should be a valid number, unable to parse string as a number';
    throw badConfidence('float_parsing', unparsable, text);
  }
  // Below 0 there is nothing more to let through.
  return Math.max(0, value);
}

function badConfidence(type: string, msg: string, input: string): InvalidBody {
  return new InvalidBody({ type, loc: ['body', 'min_confidence'], msg, input });
}
