/** Where log lines go. A pino logger fits; so does anything with these four methods. */
export interface LogMethod {
  (fields: object, message?: string): void;
  (message: string): void;
}

export interface Log {
  readonly debug: LogMethod;
  readonly info: LogMethod;
  readonly warn: LogMethod;
  readonly error: LogMethod;
}
