/**
 * Which hosts a frame may be fetched from.
 *
 * Cameras and ZoneMinder live on private networks, so private and loopback addresses are open unless the operator lists
 * what is allowed. Never open by default: addresses that no camera has on purpose and that hand out secrets or reach
 * more than one host (cloud metadata services, link-local, multicast, unspecified).
 *
 * The check is made on the address that is connected to, inside the connection's own name lookup: a name that answers
 * differently the second time (DNS rebinding) gains nothing.
 */
import { promises as dns, type LookupAddress, type LookupOptions } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

import { ZmdetectError } from '../errors.js';

export interface FetchPolicyOptions {
  /** Host names that may be asked, `*.example.org` for all names below one; addresses count as `allowedCidrs`. */
  readonly allowedHosts?: readonly string[] | undefined;
  /**
   * Networks (`192.168.1.0/24`, `fd00::/8`) or single addresses that may be asked. One that lies within a range refused
   * by default opens it; a wider one, such as `0.0.0.0/0`, does not.
   */
  readonly allowedCidrs?: readonly string[] | undefined;
}

/** All addresses of a host name; replaced in tests. */
export type Resolve = (host: string, options: LookupOptions & { all: true }) => Promise<LookupAddress[]>;

/** Why a target is refused; `message` holds no part of a URL but its host. */
export class TargetRefused extends Error {
  override readonly name = 'TargetRefused';
}

/** The address ranges that are refused by default, and what to call them. */
const refusedByDefault: ReadonlyArray<readonly [cidr: string, what: string]> = [
  ['0.0.0.0/8', 'an unspecified address'],
  ['::/128', 'an unspecified address'],
  ['169.254.0.0/16', 'a link-local address'],
  ['fe80::/10', 'a link-local address'],
  ['224.0.0.0/4', 'a multicast address'],
  ['ff00::/8', 'a multicast address'],
  ['240.0.0.0/4', 'a reserved address'],
  // Metadata services of clouds outside 169.254.0.0/16: EC2 and Google over IPv6, Alibaba, Azure.
  ['fd00:ec2::/32', 'a metadata service'],
  ['fd20:ce::254/128', 'a metadata service'],
  ['100.100.100.200/32', 'a metadata service'],
  ['168.63.129.16/32', 'a metadata service'],
  // 169.254.0.0/16 behind NAT64 and 6to4.
  ['64:ff9b::a9fe:0/112', 'a link-local address'],
  ['2002:a9fe::/32', 'a link-local address'],
];

export class FetchPolicy {
  /** Resolves a name to those of its addresses that may be connected to; fits `net.connect`'s `lookup`. */
  readonly lookup: LookupFunction;
  readonly #names: ReadonlySet<string>;
  readonly #suffixes: readonly string[];
  readonly #allowed: BlockList;
  readonly #reopened: BlockList;
  readonly #restriction: 'none' | 'names' | 'networks';

  /** Throws `OPTION_INVALID` for an entry that is neither a host name nor an address nor a network. */
  constructor(options: FetchPolicyOptions = {}, resolve: Resolve = dns.lookup) {
    const hosts = options.allowedHosts ?? [];
    const names = hosts.filter((host) => isIP(host) === 0).map(hostName);
    const networks = [
      ...hosts.filter((host) => isIP(host) !== 0).map((host) => network('allowed_hosts', host)),
      ...(options.allowedCidrs ?? []).map((cidr) => network('allowed_cidrs', cidr)),
    ];
    this.#names = new Set(names.filter((name) => !name.startsWith('*.')));
    this.#suffixes = names.filter((name) => name.startsWith('*.')).map((name) => name.slice(1));
    this.#allowed = blockList(networks);
    this.#reopened = blockList(networks.filter((inner) => refusedRanges.some((outer) => contains(outer, inner))));
    this.#restriction = networks.length > 0 ? 'networks' : names.length > 0 ? 'names' : 'none';
    this.lookup = (host, lookupOptions, callback) => {
      resolve(host, { ...lookupOptions, all: true }).then(
        (found) => {
          const open = found.filter(
            ({ address }) => this.#addressRefusal(address, this.#isAllowedName(host)) === undefined,
          );
          const first = open[0];
          if (first === undefined) {
            const refusal = this.#addressRefusal(found[0]?.address ?? '', this.#isAllowedName(host));
            callback(new TargetRefused(`${host} is refused: ${refusal}`), []);
          } else if (lookupOptions.all === true) callback(null, open);
          else callback(null, first.address, first.family);
        },
        (error: NodeJS.ErrnoException) => callback(error, []),
      );
    };
  }

  /**
   * Throws `TargetRefused` for what can be refused by the URL alone: its scheme, an address written out (which no
   * lookup will see), a name where only other names are allowed (which is then not even looked up).
   */
  check(url: URL): void {
    if (url.protocol !== 'http:' && url.protocol !== 'https:') {
      throw new TargetRefused('only http and https URLs are fetched');
    }
    const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
    if (isIP(host) !== 0) {
      const refusal = this.#addressRefusal(host, false);
      if (refusal !== undefined) throw new TargetRefused(`${host} is refused: ${refusal}`);
    } else if (this.#restriction === 'names' && !this.#isAllowedName(host)) {
      throw new TargetRefused(`${host} is refused: it is not among the allowed hosts`);
    }
  }

  #isAllowedName(host: string): boolean {
    const name = host.toLowerCase().replace(/\.$/, '');
    return this.#names.has(name) || this.#suffixes.some((suffix) => name.endsWith(suffix));
  }

  #addressRefusal(address: string, isAllowedName: boolean): string | undefined {
    const version = isIP(address);
    if (version === 0) return 'it has no address';
    const family = version === 4 ? 'ipv4' : 'ipv6';
    const range = refusedRanges.find(({ list }) => list.check(address, family));
    if (range !== undefined && !this.#reopened.check(address, family)) return `${address} is ${range.what}`;
    if (this.#restriction !== 'none' && !isAllowedName && !this.#allowed.check(address, family)) {
      return `${address} is not among the allowed hosts and networks`;
    }
    return undefined;
  }
}

interface Network {
  readonly address: string;
  readonly prefix: number;
  readonly family: 'ipv4' | 'ipv6';
}

const refusedRanges = refusedByDefault.map(([cidr, what]) => {
  const range = network('refused', cidr);
  return { ...range, list: blockList([range]), what };
});

function contains(outer: Network & { readonly list: BlockList }, inner: Network): boolean {
  return outer.family === inner.family && inner.prefix >= outer.prefix && outer.list.check(inner.address, inner.family);
}

function blockList(networks: readonly Network[]): BlockList {
  const list = new BlockList();
  for (const { address, prefix, family } of networks) list.addSubnet(address, prefix, family);
  return list;
}

function network(name: string, text: string): Network {
  const [address = '', bits, ...rest] = text.split('/');
  const version = isIP(address);
  const longest = version === 4 ? 32 : 128;
  const prefix = bits === undefined ? longest : /^\d{1,3}$/.test(bits) ? Number(bits) : Number.NaN;
  if (version === 0 || address.includes('%') || rest.length > 0 || !(prefix <= longest)) {
    throw new ZmdetectError('OPTION_INVALID', { name, expected: 'a network such as 192.168.1.0/24', value: text });
  }
  return { address, prefix, family: version === 4 ? 'ipv4' : 'ipv6' };
}

function hostName(text: string): string {
  if (!/^(\*\.)?[\w-]+(\.[\w-]+)*\.?$/.test(text)) {
    throw new ZmdetectError('OPTION_INVALID', {
      name: 'allowed_hosts',
      expected: 'a host name such as zm.example.org or *.example.org',
      value: text,
    });
  }
  return text.toLowerCase().replace(/\.$/, '');
}
