// How fast GET /health answers while 8 clients keep POST /detect busy: 200 tries, raw rows.
//   node bench/health-under-load.mjs MODEL PICTURE
import { readFile, writeFile } from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';

import { circumstances, median, root, startDaemon, upload } from './daemon.mjs';

const [model, picture] = process.argv.slice(2).map((file) => path.resolve(file));
const daemon = await startDaemon(['--models', model]);
const bytes = await readFile(picture);

let busy = true;
let detections = 0;
const clients = Array.from({ length: 8 }, async () => {
  while (busy) {
    const answer = await upload(daemon.url, bytes);
    await answer.arrayBuffer();
    if (!answer.ok) throw new Error(`POST /detect answered ${answer.status}`);
    detections += 1;
  }
});

/** A connection that is kept, and node:http, so that the client's own work is small beside what is measured. */
const agent = new http.Agent({ keepAlive: true });
const health = () =>
  new Promise((resolve, reject) => {
    const started = performance.now();
    http
      .get(`${daemon.url}/health`, { agent }, (answer) => {
        answer.resume();
        answer.once('end', () => resolve(performance.now() - started));
      })
      .once('error', reject);
  });

await new Promise((resolve) => setTimeout(resolve, 2000));
const rows = [];
for (let i = 0; i < 200; i += 1) {
  rows.push(Number((await health()).toFixed(3)));
  await new Promise((resolve) => setTimeout(resolve, 20));
}
busy = false;
await Promise.all(clients);
await daemon.stop();

const result = {
  ...circumstances(),
  what: 'milliseconds of GET /health with 8 clients on POST /detect',
  median_ms: median(rows),
  p95_ms: [...rows].sort((a, b) => a - b)[Math.floor(rows.length * 0.95)],
  max_ms: Math.max(...rows),
  detections,
  rows_ms: rows,
};
await writeFile(path.join(root, 'bench/results/health-under-load.json'), `${JSON.stringify(result)}\n`);
console.log(
  `GET /health under 8 busy clients: median ${result.median_ms} ms, p95 ${result.p95_ms} ms, max ${result.max_ms} ms (200 tries, ${detections} detections meanwhile)`,
);
