/** Shapes that the requests of several routes have in common. */
import { z } from 'zod';

import { maxPoints, maxZones } from '../../detection/zones.js';

/** Schemas with a name of their own in the description. */
export const requests = z.registry<{ id: string }>();

/** Of a form: a part with a filename. */
export const picturePart = z
  .file()
  .describe('JPEG, PNG, BMP, WebP, GIF (first frame), TIFF or PNM, recognised by its bytes; with a filename');

const coordinate = z.union([z.number(), z.string().regex(/^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)$/)]);
const point = z.tuple([coordinate, coordinate]).register(requests, { id: 'Point' });
const polygon = z
  .union([z.array(point).max(0), z.array(point).min(3).max(maxPoints)])
  .register(requests, { id: 'Polygon' });
const pattern = z.string().nullish();

/** What `parseZones` takes; a test holds the two together. */
export const zones = z
  .array(
    z.looseObject({
      name: z.string().nullish(),
      value: polygon.nullish().describe('pixels of the picture'),
      points: polygon.nullish().describe('in place of `value`'),
      pattern: pattern.describe('Python regular expression, from the start of the label: which labels count'),
      ignore_pattern: pattern.describe('which labels do not count'),
    }),
  )
  .max(maxZones)
  .register(requests, { id: 'Zones' });
