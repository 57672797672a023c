/**
 * Runs a program in a network of its own, where every name resolves and every address answers, and tells what it tries.
 * Started by `trapped` in `test/security/trap.ts` under `unshare --net --mount`; never imported.
 *
 *   node network-trap.js FOLDER PROGRAM...   prints one JSON object a line; the end of its standard input stops PROGRAM
 */
import { execFileSync, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';

import type { Sighting } from '../security/trap.js';

const [folder = '', program = '', ...args] = process.argv.slice(2);

function tell(sighting: Sighting): void {
  process.stdout.write(`${JSON.stringify(sighting)}\n`);
}

/** A counter of this network, from /proc/net/snmp ("Tcp ActiveOpens") or /proc/net/snmp6. */
function counter(group: string, name: string): number {
  const rows = readFileSync('/proc/net/snmp', 'utf8').split('\n');
  const [names = [], values = []] = rows.filter((row) => row.startsWith(`${group}:`)).map((row) => row.split(' '));
  return Number(values[names.indexOf(name)]);
}
function counter6(name: string): number {
  return Number(new RegExp(`^${name}\\s+(\\d+)`, 'm').exec(readFileSync('/proc/net/snmp6', 'utf8'))?.[1] ?? 0);
}

/** Every name has the address 203.0.113.7, which is this host as all others are. */
function reply(query: Buffer): { readonly name: string; readonly bytes: Buffer } {
  const words: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    words.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  const isA = query.readUInt16BE(at + 1) === 1;
  const bytes = Buffer.from(query.subarray(0, at + 5));
  bytes.writeUInt16BE(0x8180, 2);
  bytes.writeUInt16BE(isA ? 1 : 0, 6);
  bytes.writeUInt16BE(0, 8);
  bytes.writeUInt16BE(0, 10);
  const answer = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 203, 0, 113, 7]);
  return { name: words.join('.'), bytes: isA ? Buffer.concat([bytes, answer]) : bytes };
}

async function set(): Promise<void> {
  const ip = (...words: string[]) => execFileSync('ip', words, { stdio: 'pipe' });
  ip('link', 'set', 'lo', 'up');
  ip('route', 'add', 'local', '0.0.0.0/0', 'dev', 'lo');
  const resolver = path.join(folder, 'resolv.conf');
  writeFileSync(resolver, 'nameserver 127.0.0.1\n');
  execFileSync('mount', ['--bind', resolver, '/etc/resolv.conf'], { stdio: 'pipe' });
  const names = createSocket('udp4');
  names.on('message', (query, from) => {
    const { name, bytes } = reply(query);
    tell({ query: name });
    names.send(bytes, from.port, from.address);
  });
  names.bind(53, '0.0.0.0');
  await once(names, 'listening');
  for (const port of [80, 443]) {
    const collector = createServer((socket) => {
      socket.on('error', () => undefined);
      // A TLS client says the server's name in its first message.
      socket.once('data', (bytes) => {
        tell({ connection: port, host: /[\w-]+(?:\.[\w-]+){2,}/.exec(bytes.toString('latin1'))?.[0] ?? '' });
        socket.destroy();
      });
    });
    collector.listen(port, '0.0.0.0');
    await once(collector, 'listening');
  }
}

await set();
const child = spawn(program, args, { stdio: ['ignore', 2, 2] });
process.stdin.on('end', () => child.kill('SIGTERM')).resume();
const [status] = (await once(child, 'exit')) as [number | null];
tell({
  status,
  connections: counter('Tcp', 'ActiveOpens'),
  datagrams: counter('Udp', 'OutDatagrams') + counter6('Udp6OutDatagrams'),
});
process.exit(0);
