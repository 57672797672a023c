/** The shapes of the answers, each held against the type that the code fills. */
import { z } from 'zod';

import { modelTypes, processors } from '../../detection/config.js';
import type { InferReplyJson, ResultJson, UrlsReplyJson } from '../../detection/wire.js';
import type { ModelRow } from '../../models/registry.js';
import type { Grant } from '../tokens.js';
import type { Invalidity } from '../validation.js';

/** Schemas with a name of their own in the description. */
export const components = z.registry<{ id: string }>();

const side = z.int().min(-2_147_483_648).max(2_147_483_647);
const pixels = z.int().min(1);

export const box = z
  .tuple([side, side, side, side])
  .describe('x1, y1, x2, y2 in pixels of the upright picture, top left is 0, 0; may reach outside the picture');

const dimensions = z
  .union([z.object({ original: z.tuple([pixels, pixels]), resized: z.null() }), z.object({})])
  .describe('height first; empty when there is no frame');

export const result = z.object({
  boxes: z.array(box),
  labels: z.array(z.string()),
  confidences: z.array(z.number().min(0).max(1)),
  frame_id: z.string().nullable().describe('`single` for /detect; null when no frame could be analysed'),
  image_dimensions: dimensions,
  error_boxes: z.array(box).describe('boxes that zones rejected'),
  model_names: z.array(z.string()),
  detection_types: z.array(z.enum(modelTypes)),
  polygons: z.array(z.never()),
}) satisfies z.ZodType<ResultJson>;

export const urlsReply = result.extend({
  results: z.array(result).describe('every analysed frame in the order of the request, before zones'),
}) satisfies z.ZodType<UrlsReplyJson>;

const inferDetection = z.object({
  label: z.string(),
  confidence: z.number().min(0).max(1),
  box,
  type: z.enum(modelTypes),
  model_name: z.string(),
});

export const inferReply = z.object({
  detections: z.array(inferDetection),
  error: z.string().nullable().describe('why the model was not asked'),
}) satisfies z.ZodType<InferReplyJson>;

export const health = z.object({
  status: z.enum(['ok', 'degraded']).describe('`degraded` while a native thread does not come back'),
  models_loaded: z.literal(true).describe('the process serves; see /models for each model'),
  degraded: z
    .array(z.string())
    .optional()
    .describe('models that run on another processor than they should, or with boxes that no picture can have'),
  reason: z.string().optional().describe('why `status` is `degraded`'),
});

export const modelRow = z.object({
  name: z.string(),
  type: z.string(),
  framework: z.string(),
  loaded: z.boolean(),
  processor: z.enum(processors),
  requested_processor: z.enum(processors),
  state: z.enum(['registered', 'loading', 'ready', 'degraded', 'failed']),
  error: z.string().nullable(),
  device: z.string().nullable(),
  runtime: z.string().nullable().describe('the library that runs it, with its version'),
  input: z.tuple([pixels, pixels]).nullable().describe('width and height of the network input'),
  layout: z.string().nullable(),
  decided_by: z.string().nullable().describe('which rule chose the layout'),
  picture: z.string().nullable().describe('how pictures are fed: type and order of the numbers, colours, range, fit'),
  left_out: z
    .object({ impossible: pixels, capped: pixels })
    .nullable()
    .describe('since it was loaded: boxes that no picture can have, and candidates beyond the limit'),
  batch: z
    .object({ max: pixels, kind: z.enum(['dynamic', 'static']) })
    .nullable()
    .describe('pictures in one inference at most, and whether the file leaves their number open'),
  warmup_ms: z.number().nullable(),
  int8: z.enum(['exact', 'fast']).nullable().describe('8-bit products of a model that ONNX Runtime runs on the CPU'),
}) satisfies z.ZodType<ModelRow>;

export const modelList = z.object({ models: z.array(modelRow) });

export const grant = z.object({
  access_token: z.string(),
  expires: z.int().describe('life of the token in seconds'),
}) satisfies z.ZodType<Grant>;

const fault = z.object({ detail: z.string() });

const invalidity = z.object({
  type: z.string(),
  loc: z.array(z.union([z.string(), z.int()])).describe('where: `body`, then a field or an offset in characters'),
  msg: z.string(),
  input: z.unknown().describe('what was there instead'),
  ctx: z.unknown().optional(),
}) satisfies z.ZodType<Invalidity>;

const invalidBody = z.object({ detail: z.array(invalidity) });

/** An answer of 400 or above. */
export const errorBody = { fault, invalidBody } as const;

const names = {
  Box: box,
  Result: result,
  UrlsReply: urlsReply,
  InferReply: inferReply,
  Health: health,
  Model: modelRow,
  Models: modelList,
  Grant: grant,
  Error: fault,
  InvalidBody: invalidBody,
};
for (const [id, schema] of Object.entries(names)) components.add(schema, { id });
