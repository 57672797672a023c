// How much longer than the server's own time a hook takes, from its start to its end: remote server, warm daemon, a
// ZoneMinder that answers at once. 25 rounds, interleaved: the hook in URL mode, the same with objdetect.jpg written, the
// bare request to the server, and Node with nothing to do.
//   node bench/hook-latency.mjs MODEL PICTURE [NOTE]
// NOTE goes into the result: what else the machine was doing, say.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';

import { circumstances, median, root, startDaemon } from './daemon.mjs';

const rounds = 25;
const [model, picture] = process.argv.slice(2, 4).map((file) => path.resolve(file));
const note = process.argv[4];
const bytes = readFileSync(picture);
const folder = mkdtempSync(path.join(os.tmpdir(), 'hook-latency-'));
const event = { Id: '7', MonitorId: '1', Notes: '', Width: '1920', Height: '1080', FileSystemPath: folder };

const zm = http.createServer((request, response) => {
  const { pathname } = new URL(request.url, 'http://zm');
  if (pathname.endsWith('/index.php')) return response.writeHead(200, { 'content-type': 'image/jpeg' }).end(bytes);
  const body = pathname.endsWith('/login.json')
    ? { access_token: 'a', access_token_expires: 7200, refresh_token: 'r', version: '1.36.33', apiversion: '2.0' }
    : { event: { Event: event } };
  request.resume();
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
});
zm.listen(0, '127.0.0.1');
await once(zm, 'listening');
const portal = `http://127.0.0.1:${zm.address().port}/zm`;
const daemon = await startDaemon(['--models', model]);

function config(name, writeImage) {
  const file = path.join(folder, name);
  const text = `general:
  portal: ${portal}
  api_portal: ${portal}/api
  user: admin
  password: geheim
  write_image_to_zm: "${writeImage}"
remote:
  ml_gateway: ${daemon.url}
ml:
  stream_sequence:
    frame_set: snapshot
  ml_sequence:
    general:
      model_sequence: object
    object:
      general:
        pattern: "(person|car|dog|bicycle)"
      sequence:
        - name: ${path.parse(model).name}
`;
  writeFileSync(file, text);
  return file;
}

/** Milliseconds until a Node program has ended with status 0. */
async function run(...args) {
  const started = performance.now();
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  const [status] = await once(child, 'exit');
  const time = performance.now() - started;
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}`);
  return { time, output };
}

async function hook(file) {
  const { time, output } = await run(path.join(root, 'dist/bundle/zm_detect.js'), '-c', file, '-e', '7', '-m', '1');
  if (!output.startsWith('[s] detected:')) throw new Error(`expected a detection, got ${JSON.stringify(output)}`);
  return time;
}

/** The server's own time, frame and all, as a client sees it that runs already and keeps its connection. */
async function server() {
  const body = JSON.stringify({
    urls: [{ frame_id: 'snapshot', url: `${portal}/index.php?view=image&eid=7&fid=snapshot` }],
    zm_auth: 'token=a',
    verify_ssl: true,
  });
  const started = performance.now();
  const answer = await fetch(`${daemon.url}/detect_urls`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  const { labels } = await answer.json();
  if (labels.length === 0) throw new Error('the server found nothing');
  return performance.now() - started;
}

const [plain, written] = [config('plain.yml', 'no'), config('written.yml', 'yes')];
const measures = {
  hook: () => hook(plain),
  hook_with_objdetect: () => hook(written),
  server,
  node: async () => (await run('-e', '0')).time,
};
for (const measure of Object.values(measures)) await measure();
const rows = Object.fromEntries(Object.keys(measures).map((name) => [name, []]));
for (let round = 0; round < rounds; round += 1) {
  for (const [name, measure] of Object.entries(measures)) rows[name].push(Number((await measure()).toFixed(1)));
}
const over = (name) => rows[name].map((time, round) => Number((time - rows.server[round]).toFixed(1)));
rows.hook_over_server = over('hook');
rows.hook_with_objdetect_over_server = over('hook_with_objdetect');
await daemon.stop();
zm.close();
rmSync(folder, { recursive: true });

const figures = Object.fromEntries(
  Object.entries(rows).map(([name, times]) => [
    name,
    { min: Math.min(...times), median: median(times), max: Math.max(...times) },
  ]),
);
const result = {
  ...circumstances(),
  ...(note === undefined ? {} : { note }),
  load_average: os.loadavg().map((value) => Number(value.toFixed(2))),
  what: 'milliseconds from start to exit of zm_detect (URL mode), of the bare request to the server, and of node -e 0',
  figures,
  rows,
};
writeFileSync(path.join(root, 'bench/results/hook-latency.json'), `${JSON.stringify(result)}\n`);
console.table(figures);
