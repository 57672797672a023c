/** Addresses of clients: as a log shows them, as limits count them, and behind proxies that are trusted. */
import { type BlockList, isIP, isIPv6 } from 'node:net';

const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/** An IPv4 address that came through an IPv6 socket, in its usual form. */
export function plainAddress(address: string): string {
  return mapped.exec(address)?.[1] ?? address;
}

/** What limits count as one client: an IPv4 address, or the 64 bits of an IPv6 network, in which a host picks freely. */
export function addressKey(address: string): string {
  const plain = plainAddress(address);
  if (!isIPv6(plain)) return plain;
  const [head = '', tail] = plain.split('%')[0]?.split('::') ?? [];
  const groups = head === '' ? [] : head.split(':');
  const missing = tail === undefined ? 0 : 8 - groups.length - (tail === '' ? 0 : tail.split(':').length);
  const first = [...groups, ...Array.from({ length: missing }, () => '0'), '0', '0', '0', '0'].slice(0, 4);
  return `${first.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`;
}

/**
 * Who sent a request. `peer` is the other end of the connection; only where it is in `trusted` does the list in
 * `X-Forwarded-For` count, from its end up to the first address that is not trusted.
 */
export function clientAddress(peer: string, forwardedFor: string | undefined, trusted: BlockList): string {
  let client = plainAddress(peer);
  const hops = forwardedFor?.split(',') ?? [];
  while (isIn(trusted, client)) {
    const hop = plainAddress(withoutPort(hops.pop()?.trim() ?? ''));
    if (isIP(hop) === 0) break;
    client = hop;
  }
  return client;
}

function isIn(list: BlockList, address: string): boolean {
  const family = isIP(address);
  return family !== 0 && list.check(address, family === 6 ? 'ipv6' : 'ipv4');
}

function withoutPort(hop: string): string {
  return /^\[(.+)\](?::\d+)?$/.exec(hop)?.[1] ?? /^([\d.]+):\d+$/.exec(hop)?.[1] ?? hop;
}
