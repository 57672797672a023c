import { z } from 'zod';

import { resultJson } from '../../detection/wire.js';
import { parseZones, type Zone } from '../../detection/zones.js';
import { ZmdetectError } from '../../errors.js';
import type { FrameAnalyser } from '../../pipeline/analyser.js';
import { engineErrors, formErrors, imageErrors, jsonType, multipartType } from '../api/operation.js';
import { result } from '../api/replies.js';
import { picturePart, requests } from '../api/requests.js';
import type { Route } from '../exchange.js';
import { JsonFault, parseJson } from '../json.js';
import { type Form, readForm } from '../multipart.js';
import type { TokenAuthority } from '../tokens.js';
import { missing, notAFile } from '../validation.js';

const detectForm = z
  .looseObject({
    file: picturePart,
    zones: z.string().optional().describe('JSON: the `zones` of /detect_urls').meta({ contentMediaType: jsonType }),
  })
  .register(requests, { id: 'DetectForm' });
type FieldName = keyof typeof detectForm.shape;

/**
 * One uploaded picture, one result (contract 2.5). Zones are applied if and only if the form has some.
 *
 * The token is looked at before the upload is read: nobody without one fills memory.
 */
export function detectRoute(analyser: FrameAnalyser, tokens: TokenAuthority, maxUploadBytes: number): Route {
  return {
    method: 'POST',
    path: '/detect',
    operation: {
      summary: 'What one uploaded picture holds.',
      secured: true,
      body: { [multipartType]: detectForm },
      success: { description: 'The detections', type: jsonType, schema: result },
      errors: [...imageErrors, ...formErrors, 'ZONES_INVALID', 'PATTERN_INVALID', ...engineErrors],
      validates: true,
    },
    async handle(exchange) {
      tokens.check(exchange.request.headers.authorization);
      const started = performance.now();
      const form = await readForm(exchange, maxUploadBytes);
      exchange.stages.body = performance.now() - started;
      const bytes = filePart(form, 'file');
      const { detections, size } = await analyser.analyse(bytes, exchange);
      const zones = zonesField(textField(form, 'zones'));
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

function textField(form: Form, name: FieldName): string | undefined {
  return form.fields.get(name);
}

function zonesField(text: string | undefined): Zone[] {
  if (text === undefined || text === '') return [];
  try {
    return parseZones(parseJson(text));
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error;
    throw new ZmdetectError('ZONES_INVALID', { reason: `${error.message} (char ${error.offset})` });
  }
}
