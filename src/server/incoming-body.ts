import type { Response } from 'hyper-express';

/**
 * A request's bytes as they come in; what nobody listens for is dropped. It stands in for hyper-express's own stream,
 * which never ends for a request without a body and holds every answer back until the last byte of an upload is there.
 */
export class IncomingBody {
  #listener: ((chunk: Buffer, isLast: boolean) => void) | undefined;

  /** To be made in the same turn in which the request came. */
  constructor(response: Response) {
    response.raw.onData((chunk, isLast) => {
      // uWebSockets.js takes the memory back after this call.
      if (this.#listener) this.#listener(Buffer.copyBytesFrom(new Uint8Array(chunk)), isLast);
    });
  }

  /** One listener at most; a request without a body still has one empty, last piece. */
  listen(listener: ((chunk: Buffer, isLast: boolean) => void) | undefined): void {
    this.#listener = listener;
  }
}
