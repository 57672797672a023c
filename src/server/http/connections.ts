/** The open connections: how many there are in all and from each address, and which of them wait for a request. */
import type { Socket } from 'node:net';

export interface ConnectionLimits {
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
}

export class Connections {
  readonly #limits: ConnectionLimits;
  /** In the order in which they became idle, oldest first. */
  readonly #idle = new Set<Socket>();
  readonly #byAddress = new Map<string, number>();
  #count = 0;

  constructor(limits: ConnectionLimits) {
    this.#limits = limits;
  }

  get count(): number {
    return this.#count;
  }

  /**
   * Takes the connection in, or says why not. Where all places are taken, the connection that has waited longest for a
   * next request is closed for it.
   */
  admit(socket: Socket, address: string): string | undefined {
    const { maxConnections, maxConnectionsPerAddress } = this.#limits;
    const ofAddress = this.#byAddress.get(address) ?? 0;
    if (ofAddress >= maxConnectionsPerAddress) {
      return `the address has ${ofAddress} connections, as many as max_connections_per_address allows`;
    }
    if (this.#count >= maxConnections) {
      const [oldest] = this.#idle;
      if (oldest === undefined) return `all ${maxConnections} connections that max_connections allows are in use`;
      this.#idle.delete(oldest);
      oldest.destroy();
    }
    this.#count += 1;
    this.#byAddress.set(address, ofAddress + 1);
    this.#idle.add(socket);
    socket.once('close', () => this.#release(socket, address));
    return undefined;
  }

  busy(socket: Socket): void {
    this.#idle.delete(socket);
  }

  idle(socket: Socket): void {
    if (!socket.destroyed) this.#idle.add(socket);
  }

  #release(socket: Socket, address: string): void {
    this.#idle.delete(socket);
    this.#count -= 1;
    const left = (this.#byAddress.get(address) ?? 1) - 1;
    if (left === 0) this.#byAddress.delete(address);
    else this.#byAddress.set(address, left);
  }
}
