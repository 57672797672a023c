/** A process that serves files from memory over HTTP, as a camera host does: /<n> is the n-th. Its port goes to the parent. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const files = process.argv.slice(2).map((file) => readFileSync(file));
const server = createServer((request, response) => {
  const file = files[Number(request.url?.slice(1).split('?', 1)[0])];
  if (file === undefined) response.writeHead(404, { 'content-length': 0 }).end();
  else response.writeHead(200, { 'content-type': 'image/jpeg', 'content-length': file.length }).end(file);
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
process.on('disconnect', () => process.exit(0));
