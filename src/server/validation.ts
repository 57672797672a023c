/** The 422 answers: what is wrong with which part of the body, in the form that upstream's framework gives them. */

export interface Invalidity {
  readonly type: string;
  readonly loc: ReadonlyArray<string | number>;
  readonly msg: string;
  readonly input: unknown;
  readonly ctx?: unknown;
}

/** A body that is not what the route reads; `detail` is sent as it is. */
export class InvalidBody extends Error {
  readonly detail: readonly Invalidity[];

  constructor(...detail: readonly Invalidity[]) {
    super(detail.map((entry) => `${entry.loc.join('.')}: ${entry.msg}`).join('; '));
    this.name = 'InvalidBody';
    this.detail = detail;
  }
}

export function missing(...loc: readonly string[]): InvalidBody {
  return new InvalidBody({ type: 'missing', loc: ['body', ...loc], msg: 'Field required', input: null });
}

export function notAnObject(input: unknown): InvalidBody {
  return new InvalidBody({ type: 'dict_type', loc: ['body'], msg: 'Input should be a valid dictionary', input });
}

export function notJson(offset: number, reason: string): InvalidBody {
  return new InvalidBody({
    type: 'json_invalid',
    loc: ['body', offset],
    msg: 'JSON decode error',
    input: {},
    ctx: { error: reason },
  });
}

/** A part that must be a file came as a plain field. */
export function notAFile(name: string, input: string): InvalidBody {
  return new InvalidBody({
    type: 'value_error',
    loc: ['body', name],
    msg: "Value error, Expected UploadFile, received: <class 'str'>",
    input,
    ctx: { error: {} },
  });
}
