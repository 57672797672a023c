/**
 * The one table of limits on what a stranger sends: bytes, counts, time and steps of work.
 *
 * A limit that a setting can raise holds the setting's default here and names the setting. The native engine has its own
 * table, `native/input_limits.h`. `docs/reference/limits.md` is generated from both.
 */
export type LimitUnit = 'bytes' | 'characters' | 'count' | 'ms' | 'steps' | 'pixels';

export interface Limit {
  readonly value: number;
  readonly unit: LimitUnit;
  /** The input that is limited: `request body`, `zone pattern`, `frame fetch`. */
  readonly input: string;
  /** What is counted. */
  readonly what: string;
  /** What happens beyond the limit: an error code of `src/errors.ts`, or a short sentence. */
  readonly outcome: string;
  /** The setting that changes it. */
  readonly setting?: string;
}

const table = {
  jsonBytes: {
    value: 4 * 1024 * 1024,
    unit: 'bytes',
    input: 'request body',
    what: 'a JSON body',
    outcome: 'UPLOAD_TOO_LARGE',
  },
} as const satisfies Record<string, Limit>;

export type LimitName = keyof typeof table;

export const limits: Readonly<Record<LimitName, Limit>> = table;
