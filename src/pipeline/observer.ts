/** Where the time of a picture goes, and what becomes of it: for the request's log line and for the metrics. */

export const stages = [
  'body',
  'fetch',
  'decodeQueue',
  'decode',
  'letterbox',
  'queue',
  'infer',
  'post',
  'encode',
] as const;
export type Stage = (typeof stages)[number];

export interface Observer {
  stage(stage: Stage, milliseconds: number): void;
  /** A model has looked at a picture, together with others of the same batch. */
  answered(model: string, detections: number, batch: number): void;
  /** A model could not look at a picture; `code` is one of the table of errors. */
  failed(model: string, code: string): void;
}

export interface Notes {
  /** Milliseconds by stage, summed over the pictures of the request. */
  readonly stages: Record<string, number>;
  readonly observer?: Observer | undefined;
}

export function note({ stages, observer }: Notes, stage: Stage, milliseconds: number): void {
  stages[stage] = (stages[stage] ?? 0) + milliseconds;
  observer?.stage(stage, milliseconds);
}
