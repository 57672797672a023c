// Alarms that come at once: N hooks are started together against one daemon in URL mode with its defaults, each for an
// event of three frames. An event is lost where its hook ends without a line. Raw rows: one for each hook.
//   node bench/hook-burst.mjs MODEL PICTURE [ALARMS] [RUNS] [ML_TIMEOUT]
// Defaults: 24 alarms, 5 runs, 60 s. Writes bench/results/hook-burst.json; ends with 1 where an event was lost.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';

import { circumstances, root, startDaemon } from './daemon.mjs';

const [model, picture] = process.argv.slice(2, 4).map((file) => path.resolve(file));
const [alarms = 24, runs = 5, timeout = 60] = process.argv.slice(4).map(Number);
const bytes = readFileSync(picture);
const folder = mkdtempSync(path.join(os.tmpdir(), 'hook-burst-'));

const zm = http.createServer((request, response) => {
  const { pathname } = new URL(request.url, 'http://zm');
  request.resume();
  if (pathname.endsWith('/index.php')) return response.writeHead(200, { 'content-type': 'image/jpeg' }).end(bytes);
  const body = pathname.endsWith('/login.json')
    ? { access_token: 'a', access_token_expires: 7200, refresh_token: 'r', version: '1.36.33', apiversion: '2.0' }
    : { event: { Event: { Id: '7', MonitorId: '1', Notes: '', Width: '1920', Height: '1080' } } };
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
});
zm.listen(0, '127.0.0.1');
await once(zm, 'listening');
const portal = `http://127.0.0.1:${zm.address().port}/zm`;

function config(gateway) {
  const file = path.join(folder, 'objectconfig.yml');
  const text = `general:
  portal: ${portal}
  api_portal: ${portal}/api
  user: admin
  password: secret
  write_image_to_zm: "no"
remote:
  ml_gateway: ${gateway}
  ml_timeout: ${timeout}
ml:
  stream_sequence:
    frame_set: snapshot,alarm,1
  ml_sequence:
    general:
      model_sequence: object
    object:
      sequence:
        - name: ${path.parse(model).name}
`;
  writeFileSync(file, text);
  return file;
}

async function hook(file, event, started) {
  const args = [path.join(root, 'dist/bundle/zm_detect.js'), '-c', file, '-e', String(event), '-m', '1'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) child[name].on('data', (chunk) => (output[name] += chunk));
  const [status] = await once(child, 'close');
  const seconds = Number(((performance.now() - started) / 1000).toFixed(2));
  return { event, status, seconds, found: output.stdout.includes(' detected:'), said: output.stderr.trim() };
}

const rows = [];
for (let run = 1; run <= runs; run += 1) {
  const daemon = await startDaemon(['--models', model]);
  const file = config(daemon.url);
  const started = performance.now();
  const ended = await Promise.all(Array.from({ length: alarms }, (_, index) => hook(file, index + 1, started)));
  await daemon.stop();
  rows.push(...ended.map((row) => ({ run, ...row })));
  const seconds = ended.map((row) => row.seconds).sort((a, b) => a - b);
  const answered = ended.filter(({ found }) => found).length;
  console.log(`run ${run}: ${answered} of ${alarms}, first ${seconds[0]} s, last ${seconds.at(-1)} s`);
}
zm.close();
rmSync(folder, { recursive: true });

const lost = rows.filter(({ found }) => !found).length;
const summary = { model: path.basename(model), alarms, runs, ml_timeout: timeout, lost };
const file = path.join(root, 'bench/results/hook-burst.json');
writeFileSync(file, `${JSON.stringify({ ...circumstances(), ...summary, rows }, null, 2)}\n`);
console.log(`${lost} of ${alarms * runs} events lost; rows in ${path.relative(process.cwd(), file)}`);
process.exit(lost === 0 ? 0 : 1);
