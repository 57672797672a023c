/** What the load generator is told to do, and what it tells back. Both cross a process border as they are. */

export type Load =
  /** Each client sends its next request when it has its answer. */
  | { readonly kind: 'closed'; readonly clients: number; readonly warmupSeconds: number; readonly seconds: number }
  /** Each client sends so many requests; the window is the time until all have their answers. */
  | { readonly kind: 'each'; readonly clients: number; readonly times: number }
  /** Requests are sent at a fixed rate, whatever becomes of them. */
  | { readonly kind: 'open'; readonly perSecond: number; readonly seconds: number; readonly graceSeconds: number };

export interface Job {
  readonly port: number;
  /** Whole requests, head and body, sent in turn. */
  readonly requests: readonly Uint8Array[];
  readonly load: Load;
  /** Processes whose CPU time is read where the window opens and closes. */
  readonly watch: Readonly<Record<string, number>>;
}

export interface Answered {
  /** HTTP status; 0: the connection ended, or the run did, before there was one. */
  readonly status: number;
  /** Milliseconds from the moment at which the request was due to its last byte: waiting to be sent is part of it. */
  readonly ms: number;
  /** The same from the first byte sent. */
  readonly msFromSent: number;
}

export interface Report {
  /** Answers that came inside the window. */
  readonly answers: readonly Answered[];
  /** Length of the window. */
  readonly seconds: number;
  /** CPU seconds inside the window of each watched process. */
  readonly cpuSeconds: Readonly<Record<string, number>>;
  /** The same of the generator itself. */
  readonly generatorCpuSeconds: number;
  /** Share of the machine's processor time that the host gave to others, 0..1. */
  readonly stolen: number;
  /** Body of the last answer with status 200. */
  readonly sample: string | undefined;
}
