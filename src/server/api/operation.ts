/** How a route describes itself. `GET /openapi.json` is made of these, so a route cannot exist without one. */
import type { z } from 'zod';

import { type ErrorCode, errorTable } from '../../errors.js';

export interface Operation {
  readonly summary: string;
  /** Asks for a token wherever the server demands one. */
  readonly secured?: boolean;
  /** Content type to schema; absent: the route reads no body. */
  readonly body?: Readonly<Record<string, z.ZodType>>;
  readonly success: { readonly description: string; readonly type: string; readonly schema: z.ZodType };
  /** What can go wrong in this route alone. */
  readonly errors?: readonly ErrorCode[];
  /** Whether the route gives the 422 answers. */
  readonly validates?: boolean;
}

export const jsonType = 'application/json';
export const multipartType = 'multipart/form-data';
export const urlencodedType = 'application/x-www-form-urlencoded';

const codes = Object.keys(errorTable) as ErrorCode[];

export const imageErrors = codes.filter((code) => code.startsWith('IMAGE_'));
export const formErrors: readonly ErrorCode[] = [
  'MULTIPART_NO_BOUNDARY',
  'MULTIPART_INVALID',
  'PART_TOO_LARGE',
  'UPLOAD_TOO_LARGE',
];
/** No model can answer now. */
export const engineErrors = codes.filter((code) => errorTable[code].status === 503 && code !== 'ENGINE_CLOSED');
/** An answer would come too late, or there is no room to wait. */
export const busyErrors = codes.filter((code) => errorTable[code].status === 429 && code !== 'LOGIN_LIMITED');
/** Whatever the route, once the daemon is told to stop. */
export const commonErrors: readonly ErrorCode[] = ['ENGINE_CLOSED'];
export const tokenErrors: readonly ErrorCode[] = ['NOT_AUTHENTICATED', 'TOKEN_EXPIRED', 'TOKEN_INVALID'];
