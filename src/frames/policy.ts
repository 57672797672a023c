/**
 * Which hosts a frame may be fetched from.
 *
 * Cameras and ZoneMinder live on private networks, so private addresses are open unless the operator lists what is
 * allowed. Loopback is open only to a client on this host, which reaches it without us anyway: that is what a ZoneMinder
 * on the same box needs, and what a client elsewhere must not borrow. Never open by default: addresses that no camera has
 * on purpose and that hand out secrets or reach more than one host (metadata services, link-local, multicast, unspecified).
 *
 * The check is made on the address that is connected to, inside the connection's own name lookup: a name that answers
 * differently the second time (DNS rebinding) gains nothing. An IPv6 address is judged as itself and as each IPv4 address
 * that it stands for.
 */
import { promises as dns, type LookupAddress, type LookupOptions } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';

import { ZmdetectError } from '../errors.js';
import { type Address, contains, embeddedIpv4, known, type Network, parseAddress, parseNetwork } from './addresses.js';

export const loopbackChoices = ['local', 'always', 'never'] as const;
/** Who may have frames fetched from loopback addresses: clients on this host, all, or none. */
export type LoopbackChoice = (typeof loopbackChoices)[number];

export interface FetchPolicyOptions {
  /**
   * Host names that may be asked, `*.example.org` for all names below one; addresses count as `allowedCidrs`, and
   * `localhost` as the loopback networks.
   */
  readonly allowedHosts?: readonly string[] | undefined;
  /**
   * Networks (`192.168.1.0/24`, `fd00::/8`) or single addresses that may be asked. One that lies within a range refused
   * by default opens it; a wider one, such as `0.0.0.0/0`, does not.
   */
  readonly allowedCidrs?: readonly string[] | undefined;
  /** Default `local`. An entry of the lists that names a loopback address opens it to all. */
  readonly loopback?: LoopbackChoice | undefined;
}

/** All addresses of a host name; replaced in tests. */
export type Resolve = (host: string, options: LookupOptions & { all: true }) => Promise<LookupAddress[]>;

/** Why a target is refused; `message` holds no part of a URL but its host. */
export class TargetRefused extends Error {
  override readonly name = 'TargetRefused';
}

interface Range {
  readonly network: Network;
  readonly what: string;
}

const range = (cidr: string, what: string): Range => ({ network: known(cidr), what });

const loopbackRanges = ['127.0.0.0/8', '::1/128'].map((cidr) => range(cidr, 'a loopback address'));
const refusedRanges: readonly Range[] = [
  range('0.0.0.0/8', 'an unspecified address'),
  range('::/128', 'an unspecified address'),
  range('169.254.0.0/16', 'a link-local address'),
  range('fe80::/10', 'a link-local address'),
  range('fec0::/10', 'a site-local address'),
  range('224.0.0.0/4', 'a multicast address'),
  range('ff00::/8', 'a multicast address'),
  range('240.0.0.0/4', 'a reserved address'),
  range('100::/64', 'a reserved address'),
  // Where its IPv4 address stands depends on the site.
  range('64:ff9b:1::/48', 'an address of a translator'),
  // Metadata services of clouds outside 169.254.0.0/16: Oracle, Alibaba, Azure; EC2, Google and Scaleway over IPv6.
  range('192.0.0.0/24', 'a metadata service'),
  range('100.100.100.200/32', 'a metadata service'),
  range('168.63.129.16/32', 'a metadata service'),
  range('fd00:ec2::/32', 'a metadata service'),
  range('fd20:ce::254/128', 'a metadata service'),
  range('fd00:42::42/128', 'a metadata service'),
];

export class FetchPolicy {
  readonly #names: ReadonlySet<string>;
  readonly #suffixes: readonly string[];
  readonly #allowed: readonly Network[];
  /** Those of `#allowed` that lie within a range that is else refused. */
  readonly #reopened: readonly Network[];
  readonly #restriction: 'none' | 'names' | 'networks';
  readonly #loopback: LoopbackChoice;
  readonly #resolve: Resolve;

  /** Throws `OPTION_INVALID` for an entry that is neither a host name nor an address nor a network. */
  constructor(options: FetchPolicyOptions = {}, resolve: Resolve = dns.lookup) {
    const hosts = options.allowedHosts ?? [];
    const names = hosts.filter((host) => isIP(host) === 0).map(hostName);
    const networks = [
      ...hosts.filter((host) => isIP(host) !== 0).map((host) => network('allowed_hosts', host)),
      ...(options.allowedCidrs ?? []).map((cidr) => network('allowed_cidrs', cidr)),
      ...(names.includes('localhost') ? loopbackRanges.map((loopback) => loopback.network) : []),
    ];
    const closed = [...refusedRanges, ...loopbackRanges];
    this.#names = new Set(names.filter((name) => !name.startsWith('*.')));
    this.#suffixes = names.filter((name) => name.startsWith('*.')).map((name) => name.slice(1));
    this.#allowed = networks;
    this.#reopened = networks.filter((inner) => closed.some((outer) => contains(outer.network, inner)));
    this.#restriction = networks.length > 0 ? 'networks' : names.length > 0 ? 'names' : 'none';
    this.#loopback = options.loopback ?? 'local';
    this.#resolve = resolve;
  }

  /**
   * Throws `TargetRefused` for what can be refused by the URL alone: its scheme, an address written out (which no
   * lookup will see), a name where only other names are allowed (which is then not even looked up). `isLocal`: loopback
   * is asked for by a client on this host.
   */
  check(url: URL, isLocal: boolean): void {
    if (url.protocol !== 'http:' && url.protocol !== 'https:') {
      throw new TargetRefused('only http and https URLs are fetched');
    }
    const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
    if (isIP(host) !== 0) {
      const refusal = this.#addressRefusal(host, false, isLocal);
      if (refusal !== undefined) throw new TargetRefused(`${host} is refused: ${refusal}`);
    } else if (this.#restriction === 'names' && !this.#isAllowedName(host)) {
      throw new TargetRefused(`${host} is refused: it is not among the allowed hosts`);
    }
  }

  /** Resolves a name to those of its addresses that may be connected to; fits `net.connect`'s `lookup`. */
  lookup(isLocal: boolean): LookupFunction {
    return (host, options, callback) => {
      this.#resolve(host, { ...options, all: true }).then(
        (found) => {
          const refusals = found.map(({ address }) =>
            this.#addressRefusal(address, this.#isAllowedName(host), isLocal),
          );
          const open = found.filter((_, i) => refusals[i] === undefined);
          const first = open[0];
          if (first === undefined) {
            callback(new TargetRefused(`${host} is refused: ${refusals[0] ?? 'it has no address'}`), []);
          } else if (options.all === true) callback(null, open);
          else callback(null, first.address, first.family);
        },
        (error: NodeJS.ErrnoException) => callback(error, []),
      );
    };
  }

  #isAllowedName(host: string): boolean {
    const name = host.toLowerCase().replace(/\.$/, '');
    return this.#names.has(name) || this.#suffixes.some((suffix) => name.endsWith(suffix));
  }

  #addressRefusal(text: string, isAllowedName: boolean, isLocal: boolean): string | undefined {
    const address = parseAddress(text);
    if (address === undefined) return 'it has no address';
    const embedded = embeddedIpv4(address);
    const isOpen = this.#loopback === 'always' || (this.#loopback === 'local' && isLocal);
    for (const candidate of [address, ...embedded]) {
      if (this.#reopened.some((inner) => contains(inner, candidate))) continue;
      const refused = refusedRanges.find((closed) => contains(closed.network, candidate));
      if (refused !== undefined) return `${text} is ${refused.what}`;
      if (!isOpen && isLoopback(candidate)) {
        return `${text} is a loopback address, which is open to clients on this host (fetch_loopback: ${this.#loopback})`;
      }
    }
    if (this.#restriction === 'none' || isAllowedName) return undefined;
    const isListed = (candidate: Address) => this.#allowed.some((inner) => contains(inner, candidate));
    const reached = embedded.length > 0 && embedded.every(isListed);
    return isListed(address) || reached ? undefined : `${text} is not among the allowed hosts and networks`;
  }
}

export function isLoopback(address: Address): boolean {
  return [address, ...embeddedIpv4(address)].some((one) =>
    loopbackRanges.some(({ network }) => contains(network, one)),
  );
}

/** What an entry of the lists may be, in words for errors. */
export const networkEntry = 'a network such as 192.168.1.0/24';
export const hostEntry = 'a host name such as zm.example.org or *.example.org';

export function isNetworkEntry(text: string): boolean {
  return parseNetwork(text) !== undefined;
}

export function isHostEntry(text: string): boolean {
  return isIP(text) !== 0 || /^(\*\.)?[\w-]+(\.[\w-]+)*\.?$/.test(text);
}

function network(name: string, text: string): Network {
  const found = parseNetwork(text);
  if (found !== undefined) return found;
  throw new ZmdetectError('OPTION_INVALID', { name, expected: networkEntry, value: text });
}

function hostName(text: string): string {
  if (isHostEntry(text)) return text.toLowerCase().replace(/\.$/, '');
  throw new ZmdetectError('OPTION_INVALID', { name: 'allowed_hosts', expected: hostEntry, value: text });
}
