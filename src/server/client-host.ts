/** Whether a request comes from this host, and for nobody else. */
import { networkInterfaces } from 'node:os';

import { parseAddress } from '../frames/addresses.js';
import { isLoopback } from '../frames/policy.js';

/** Headers by which a proxy says that it asks for another. */
const forwarding = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip', 'via'];

export interface Origin {
  /** The other end of the connection. */
  readonly peer: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
}

export function isFromThisHost({ peer, headers }: Origin): boolean {
  if (forwarding.some((name) => headers[name] !== undefined)) return false;
  const address = parseAddress(peer);
  if (address === undefined) return false;
  return isLoopback(address) || isOwn(address);
}

/** A client on this host that knows it by its name comes from the address that the name has. */
function isOwn(address: Uint8Array): boolean {
  const own = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return own.some((one) => equal(parseAddress(one.address), address));
}

function equal(one: Uint8Array | undefined, other: Uint8Array): boolean {
  return one !== undefined && Buffer.compare(one, withoutMapping(other)) === 0;
}

/** `::ffff:10.0.0.5` is how a listener for both versions sees 10.0.0.5. */
function withoutMapping(address: Uint8Array): Uint8Array {
  const isMapped = address.length === 16 && address.slice(0, 10).every((byte) => byte === 0) && address[10] === 255;
  return isMapped ? address.slice(12) : address;
}
