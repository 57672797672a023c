import { z } from 'zod';

import { resultJson } from '../../detection/wire.js';
import { parseZones, type Zone } from '../../detection/zones.js';
import { ZmdetectError } from '../../errors.js';
import { limits } from '../../limits.js';
import type { Admission } from '../../pipeline/admission.js';
import type { FrameAnalyser } from '../../pipeline/analyser.js';
import { note } from '../../pipeline/observer.js';
import type { Urgency } from '../../pipeline/urgency.js';
import { busyErrors, engineErrors, formErrors, imageErrors, jsonType, multipartType } from '../api/operation.js';
import { result } from '../api/replies.js';
import { picturePart, requests } from '../api/requests.js';
import type { Route } from '../exchange.js';
import { JsonFault, parseJson } from '../json.js';
import { type Form, readForm } from '../multipart.js';
import { deadlinesOf, type TimeLimits } from '../time-limits.js';
import type { TokenAuthority } from '../tokens.js';
import { missing, notAFile } from '../validation.js';

const detectForm = z
  .looseObject({
    file: picturePart,
    zones: z.string().optional().describe('JSON: the `zones` of /detect_urls').meta({ contentMediaType: jsonType }),
  })
  .register(requests, { id: 'DetectForm' });
type FieldName = keyof typeof detectForm.shape;
const partNames = Object.keys(detectForm.shape);

/** The parts of the daemon that the route works with. */
export interface DetectParts {
  readonly analyser: FrameAnalyser;
  readonly admission: Admission;
  readonly tokens: TokenAuthority;
  readonly limits: TimeLimits;
  readonly maxUploadBytes: number;
}

/**
 * One uploaded picture, one result (contract 2.5). Zones are applied if and only if the form has some.
 *
 * Token and queue are looked at before the upload is read: nobody without a token fills memory, and who would wait too
 * long is told at once.
 */
export function detectRoute({ analyser, admission, tokens, limits: times, maxUploadBytes }: DetectParts): Route {
  return {
    method: 'POST',
    path: '/detect',
    operation: {
      summary: 'What one uploaded picture holds.',
      secured: true,
      body: { [multipartType]: detectForm },
      success: { description: 'The detections', type: jsonType, schema: result },
      errors: [...imageErrors, ...formErrors, 'ZONES_INVALID', 'PATTERN_INVALID', ...engineErrors, ...busyErrors],
      validates: true,
    },
    async handle(exchange) {
      tokens.check(exchange.request.headers.authorization);
      const { end } = deadlinesOf(exchange, times, 'upload');
      const urgency: Urgency = { priority: 'interactive', deadline: end };
      admission.check(analyser.models, urgency);
      exchange.expireAt(end);
      const started = performance.now();
      const form = await readForm(exchange, maxUploadBytes, partNames);
      note(exchange, 'body', performance.now() - started);
      const bytes = filePart(form, 'file');
      const zones = await zonesField(zonesText(form), () => analyser.checkPicture(bytes, { ...exchange, urgency }));
      const { detections, size } = await analyser.analyse(bytes, { ...exchange, urgency });
      const { kept, errorBoxes } = await analyser.select(detections, zones, exchange.log);
      return { status: 200, body: resultJson({ frameId: 'single', detections: kept, errorBoxes, size }) };
    },
  };
}

function filePart(form: Form, name: FieldName): Buffer {
  const file = form.files.get(name);
  if (file !== undefined) return file;
  const text = form.fields.get(name);
  throw text === undefined ? missing(name) : notAFile(name, text);
}

/** Some clients send every part with a filename; zones are zones all the same. */
function zonesText(form: Form): string | undefined {
  const name: FieldName = 'zones';
  const [text, file] = [form.fields.get(name), form.files.get(name)];
  if (file === undefined) return text;
  if (text !== undefined) {
    throw new ZmdetectError('ZONES_INVALID', { reason: 'expected one part "zones", got a field and a file: send one' });
  }
  // The limit of a field, which it stands for.
  if (file.length > limits.zonesFileBytes.value) throw new ZmdetectError('PART_TOO_LARGE');
  return new TextDecoder().decode(file);
}

/** What is wrong with the zones costs no inference; what is wrong with the picture as well is said first, as ever. */
async function zonesField(text: string | undefined, checkPicture: () => Promise<void>): Promise<Zone[]> {
  if (text === undefined || text === '') return [];
  try {
    return parseZones(parseJson(text));
  } catch (error) {
    await checkPicture();
    if (!(error instanceof JsonFault)) throw error;
    throw new ZmdetectError('ZONES_INVALID', { reason: `${error.message} (char ${error.offset})` });
  }
}
