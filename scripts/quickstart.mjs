// Starts the daemon on a free port with the embedded model, posts the bundled picture, prints what is in it, stops it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const picture = path.join(root, 'models', 'sample.jpg');

const daemon = spawn(
  process.execPath,
  [
    path.join(root, 'dist/cli/zmdetectd.js'),
    '--host',
    '127.0.0.1',
    '--port',
    '0',
    '--models',
    path.join(root, 'models/default.onnx'),
  ],
  { stdio: ['ignore', 'pipe', 'inherit'] },
);
daemon.on('exit', (code) => {
  if (code) process.exit(code);
});

/** The daemon says in its log where it listens. */
async function listening() {
  for await (const line of createInterface({ input: daemon.stdout })) {
    const entry = JSON.parse(line);
    if (entry.msg === 'listening') return entry.port;
  }
  throw new Error('the daemon stopped before it listened');
}

const base = `http://127.0.0.1:${await listening()}`;
const form = new FormData();
form.set('file', new Blob([await readFile(picture)]), 'sample.jpg');
const answer = await fetch(`${base}/detect`, { method: 'POST', body: form });
const result = await answer.json();
if (!answer.ok) throw new Error(`POST /detect answered ${answer.status}: ${JSON.stringify(result)}`);

const [height, width] = result.image_dimensions.original;
console.log(`\nPOST ${base}/detect  (models/sample.jpg, ${width} x ${height})\n`);
console.log('label      confidence  box [x1, y1, x2, y2]');
result.labels.forEach((label, i) => {
  console.log(`${label.padEnd(10)} ${result.confidences[i].toFixed(2).padStart(10)}  [${result.boxes[i].join(', ')}]`);
});

daemon.kill('SIGTERM');
const [code] = await once(daemon, 'exit');
console.log(`\nThe daemon has stopped (exit ${code}). README.md goes on with a real model.`);
process.exit(result.labels.length > 0 && code === 0 ? 0 : 1);
