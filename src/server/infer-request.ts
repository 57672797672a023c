/** The form of POST /infer, checked (wire generations, 6.1). Empty fields count as absent. */
import { ZmdetectError } from '../errors.js';
import type { FrameRequest } from '../frames/fetcher.js';
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

/** Errors: the 422 answers; IMAGE_EMPTY where there is neither a URL nor a picture. */
export function parseInferRequest(form: Form): InferRequest {
  const field = (name: string) => form.fields.get(name) ?? '';
  const type = field('type');
  if (type === '') throw missing('type');
  const minConfidence = parseConfidence(field('min_confidence'));
  const image = form.files.get('image');
  if (image === undefined && field('image') !== '') throw notAFile('image', field('image'));
  const [name, url] = [field('name'), field('url')];
  if (url !== '') {
    const frame = { url, zmAuth: field('zm_auth'), verifySsl: !isOff(field('verify_ssl')) };
    return { type, name, minConfidence, source: { frame } };
  }
  if (image === undefined || image.length === 0) throw new ZmdetectError('IMAGE_EMPTY');
  return { type, name, minConfidence, source: { bytes: image } };
}

function isOff(text: string): boolean {
  return text === '0' || text === 'false' || text === 'False';
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
