import { BlockList, isIP } from 'node:net';

/** Addresses and networks (`192.0.2.1`, `10.0.0.0/8`). undefined where one of `entries` is neither. */
export function addressList(entries: readonly string[]): BlockList | undefined {
  const list = new BlockList();
  for (const entry of entries) {
    const [address = '', bits] = entry.split('/');
    const family = isIP(address);
    if (family === 0) return undefined;
    const kind = family === 6 ? 'ipv6' : 'ipv4';
    if (bits === undefined) list.addAddress(address, kind);
    else if (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 6 ? 128 : 32))
      list.addSubnet(address, Number(bits), kind);
    else return undefined;
  }
  return list;
}
