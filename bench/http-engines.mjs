// The daemon on each of its two HTTP engines, /detect with one client and with eight, measured in turns in one run.
//   node bench/http-engines.mjs MODEL PICTURE [ROUNDS] [SECONDS]      writes bench/results/http-engines.json
import { readFile, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg } from 'node:os';
import path from 'node:path';

import { circumstances, median, root, startDaemon, upload } from './daemon.mjs';

const [model, picture] = process.argv.slice(2, 4).map((file) => path.resolve(file));
const [rounds, seconds] = [Number(process.argv[4] ?? 7), Number(process.argv[5] ?? 3)];
const engines = ['node', 'hyper-express'];
const bytes = await readFile(picture);

const daemons = [];
for (const engine of engines) {
  const flags = ['--models', model, '--http-engine', engine, '--inference-threads', '1', '--instances', '2'];
  daemons.push(await startDaemon(flags));
}

/** Milliseconds of processor time of all kinds on this machine, and those of them that were idle. */
function machine() {
  const times = cpus().map((cpu) => cpu.times);
  const sum = (pick) => times.reduce((total, each) => total + pick(each), 0);
  return { idle: sum(({ idle }) => idle), all: sum((each) => Object.values(each).reduce((a, b) => a + b, 0)) };
}

/** Closed loops for some seconds; an answer counts with the time at which it came. */
async function load(daemon, clients) {
  const cpu = daemon.cpuSeconds();
  const before = machine();
  const began = performance.now();
  const end = began + seconds * 1000;
  const latencies = [];
  const client = async () => {
    while (performance.now() < end) {
      const sent = performance.now();
      const answer = await upload(daemon.url, bytes);
      await answer.arrayBuffer();
      if (answer.status !== 200) throw new Error(`status ${answer.status}`);
      latencies.push(performance.now() - sent);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  const elapsed = (performance.now() - began) / 1000;
  const after = machine();
  return {
    images_per_second: latencies.length / elapsed,
    p50_ms: median(latencies),
    cpu_ms_per_image: ((daemon.cpuSeconds() - cpu) * 1000) / latencies.length,
    machine_idle: (after.idle - before.idle) / (after.all - before.all),
  };
}

const rows = [];
for (const clients of [1, 8]) {
  for (const daemon of daemons) await load(daemon, clients);
  const measured = engines.map(() => []);
  for (let round = 0; round < rounds; round += 1) {
    for (const at of round % 2 === 0 ? [0, 1] : [1, 0]) measured[at].push(await load(daemons[at], clients));
  }
  const ratios = (key) => measured[0].map((one, i) => one[key] / measured[1][i][key]).sort((a, b) => a - b);
  const summary = (key) => {
    const all = ratios(key);
    return { median: median(all), min: all[0], max: all.at(-1) };
  };
  const row = {
    clients,
    node_over_hyper_express: {
      images_per_second: summary('images_per_second'),
      p50_ms: summary('p50_ms'),
      cpu_ms_per_image: summary('cpu_ms_per_image'),
    },
    rounds: Object.fromEntries(engines.map((name, i) => [name, measured[i]])),
  };
  rows.push(row);
  console.log(JSON.stringify(row.node_over_hyper_express), clients);
}
for (const daemon of daemons) await daemon.stop();

const result = {
  ...circumstances(),
  model: path.basename(model),
  picture: path.basename(picture),
  picture_bytes: bytes.length,
  method: `${rounds} rounds of ${seconds} s in turns; the ratio is the median of the rounds' ratios, with the least and the most`,
  load_average_of_the_machine: loadavg()[0],
  processors: availableParallelism(),
  rows,
};
await writeFile(path.join(root, 'bench/results/http-engines.json'), `${JSON.stringify(result, null, 2)}\n`);
