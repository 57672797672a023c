/**
 * Internet addresses as bytes, and the IPv4 addresses that IPv6 ones stand for: a packet to `64:ff9b::a9fe:a9fe` leaves
 * the translator as one to 169.254.169.254.
 */
import { isIP } from 'node:net';

/** 4 or 16 bytes. */
export type Address = Uint8Array;

export interface Network {
  readonly address: Address;
  /** Bits. */
  readonly prefix: number;
}

/** The address, without its zone (`%eth0`); undefined where `text` is none. */
export function parseAddress(text: string): Address | undefined {
  const version = isIP(text);
  if (version === 0) return undefined;
  if (version === 4) return Uint8Array.from(text.split('.'), Number);
  // The URL parser writes every form, a dotted tail included, as groups of hexadecimal digits.
  const plain = new URL(`http://[${text.replace(/%.*$/, '')}]/`).hostname.slice(1, -1);
  const [head = [], tail = []] = plain.split('::').map((half) => half.split(':').filter((group) => group !== ''));
  const groups = [...head, ...Array.from({ length: 8 - head.length - tail.length }, () => '0'), ...tail];
  return Uint8Array.from(
    groups.map((group) => Number.parseInt(group, 16)).flatMap((group) => [group >> 8, group & 255]),
  );
}

/** From `192.168.1.0/24`, `fd00::/8` or a single address; undefined where `text` is none of them. */
export function parseNetwork(text: string): Network | undefined {
  const [written = '', bits, ...rest] = text.split('/');
  const address = written.includes('%') ? undefined : parseAddress(written);
  if (address === undefined || rest.length > 0) return undefined;
  const longest = 8 * address.length;
  if (bits === undefined) return { address, prefix: longest };
  const prefix = /^\d{1,3}$/.test(bits) ? Number(bits) : Number.NaN;
  return prefix <= longest ? { address, prefix } : undefined;
}

/** Whether `inner`, an address or a network, lies within `outer`. */
export function contains(outer: Network, inner: Address | Network): boolean {
  const { address, prefix } = inner instanceof Uint8Array ? { address: inner, prefix: 8 * inner.length } : inner;
  if (outer.address.length !== address.length || outer.prefix > prefix) return false;
  return outer.address.every((byte, i) => {
    const bits = Math.min(8, Math.max(0, outer.prefix - 8 * i));
    return (byte ^ (address[i] ?? 0)) >> (8 - bits) === 0;
  });
}

/** Where in an IPv6 address of a range an IPv4 address begins; `inverted`: each of its bits is flipped. */
interface Embedding {
  readonly range: Network;
  readonly at: number;
  readonly inverted?: boolean;
}

const embeddings: readonly Embedding[] = [
  { range: known('::ffff:0:0/96'), at: 12 }, // IPv4-mapped
  { range: known('::/96'), at: 12 }, // IPv4-compatible
  { range: known('::ffff:0:0:0/96'), at: 12 }, // IPv4-translated
  { range: known('64:ff9b::/96'), at: 12 }, // NAT64
  { range: known('64:ff9b:1::/48'), at: 12 }, // NAT64 of a site
  { range: known('2002::/16'), at: 2 }, // 6to4
  { range: known('2001::/32'), at: 4 }, // Teredo: its server
  { range: known('2001::/32'), at: 12, inverted: true }, // Teredo: its client
];

/** Every IPv4 address that an IPv6 one stands for; none for most of them. */
export function embeddedIpv4(address: Address): readonly Address[] {
  // `::` and `::1` are no IPv4-compatible addresses.
  if (address.length !== 16 || (address.slice(0, 15).every((byte) => byte === 0) && (address[15] ?? 0) < 2)) return [];
  const found = embeddings
    .filter(({ range }) => contains(range, address))
    .map(({ at, inverted }) => address.slice(at, at + 4).map((byte) => (inverted === true ? byte ^ 255 : byte)));
  return isIsatap(address) ? [...found, address.slice(12)] : found;
}

/** `…:0:5efe:a.b.c.d` and `…:200:5efe:a.b.c.d`, whatever the network. */
function isIsatap(address: Address): boolean {
  const [flags = 0, zero, high, low] = address.slice(8);
  return (flags === 0 || flags === 2) && zero === 0 && high === 0x5e && low === 0xfe;
}

/** A network of a table in the source. */
export function known(text: string): Network {
  const network = parseNetwork(text);
  if (network === undefined) throw new TypeError(`not a network: ${text}`);
  return network;
}
