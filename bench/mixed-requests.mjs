// Good and bad requests in one long row: what the daemon answers, and its resident size before and after.
//   node bench/mixed-requests.mjs MODEL FOLDER_OF_PICTURES [COUNT]
import { readdir, readFile, writeFile } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';

import { circumstances, root, startDaemon, upload } from './daemon.mjs';

const [model, folder] = process.argv.slice(2, 4).map((file) => path.resolve(file));
const count = Number(process.argv[4] ?? 2000);
const daemon = await startDaemon(['--models', model]);
const files = [];
for (const kind of ['photos', 'edge']) {
  for (const name of await readdir(path.join(folder, kind))) files.push(await readFile(path.join(folder, kind, name)));
}
// Pictures of several megapixels take most of the time and add nothing here.
const pictures = files.filter((bytes) => bytes.length < 300_000);

const json = (body) => ({ method: 'POST', headers: { 'content-type': 'application/json' }, body });
const kinds = {
  picture: (i) => upload(daemon.url, pictures[i % pictures.length]),
  nothing: () => fetch(`${daemon.url}/detect`, { method: 'POST' }),
  brokenJson: () => fetch(`${daemon.url}/detect_urls`, json('{"urls": [')),
  deadUrl: () => fetch(`${daemon.url}/detect_urls`, json('{"urls": [{"frame_id": 1, "url": "http://127.0.0.1:9/"}]}')),
  badZones: (i) => {
    const form = new FormData();
    form.set('zones', '[{"name": "line", "value": [[0, 0], [9, 9]]}]');
    form.set('file', new Blob([pictures[i % pictures.length]]), 'frame.jpg');
    return fetch(`${daemon.url}/detect`, { method: 'POST', body: form });
  },
  unknown: () => fetch(`${daemon.url}/nothing/here`),
  hangUp: () =>
    new Promise((resolve) => {
      const socket = net.connect(Number(new URL(daemon.url).port), '127.0.0.1', () => {
        socket.write(
          'POST /detect HTTP/1.1\r\nhost: x\r\ncontent-type: multipart/form-data; boundary=b\r\ncontent-length: 90000\r\n\r\n--b\r\n',
        );
        setTimeout(() => socket.destroy(), 5);
      });
      socket.once('close', () => resolve({ status: 'hung up', arrayBuffer: async () => undefined }));
      socket.on('error', () => undefined);
    }),
};
const order = [
  'picture',
  'picture',
  'picture',
  'nothing',
  'picture',
  'brokenJson',
  'deadUrl',
  'badZones',
  'unknown',
  'hangUp',
];

const statuses = {};
async function some(from, to) {
  let next = from;
  const client = async () => {
    while (next < to) {
      const i = next++;
      const kind = order[i % order.length];
      const answer = await kinds[kind](i);
      await answer.arrayBuffer();
      const key = `${kind} ${answer.status}`;
      statuses[key] = (statuses[key] ?? 0) + 1;
    }
  };
  await Promise.all([client(), client(), client(), client()]);
}

// The first hundreds fill pools and caches; growth is judged after them.
await some(0, Math.floor(count / 4));
const rows = [{ requests: Math.floor(count / 4), resident_mib: Math.round(daemon.resident()) }];
for (const part of [2, 3, 4]) {
  await some(Math.floor((count * (part - 1)) / 4), Math.floor((count * part) / 4));
  rows.push({ requests: Math.floor((count * part) / 4), resident_mib: Math.round(daemon.resident()) });
}
await daemon.stop();
const result = { ...circumstances(), what: 'mixed good and bad requests, 4 clients', statuses, rows };
await writeFile(path.join(root, 'bench/results/mixed-requests.json'), `${JSON.stringify(result)}\n`);
console.table(rows);
console.table(statuses);
