// Starts the built daemon for a benchmark, on a free port, and stops it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

export async function startDaemon(flags) {
  const args = [path.join(root, 'dist/cli/zmdetectd.js'), '--host', '127.0.0.1', '--port', '0', ...flags];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout });
  const port = await new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the daemon ended with ${code}`)));
    lines.on('line', (line) => {
      const entry = JSON.parse(line);
      if (entry.msg === 'listening') resolve(entry.port);
    });
  });
  return {
    url: `http://127.0.0.1:${port}`,
    /** MiB, as the kernel counts them. */
    resident: () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))[1]) / 1024,
    /** Processor time so far, of all its threads. */
    cpuSeconds: () => {
      const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1].split(' ');
      return (Number(fields[11]) + Number(fields[12])) / 100;
    },
    async stop() {
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}

/** What a figure needs to be judged later. */
export function circumstances() {
  const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  return {
    zmdetect: version,
    node: process.versions.node,
    machine: `${os.cpus()[0].model}, ${os.availableParallelism()} processors, ${Math.round(os.totalmem() / 2 ** 30)} GiB`,
    command: ['node', path.relative(root, process.argv[1]), ...process.argv.slice(2)].join(' '),
    date: new Date().toISOString(),
  };
}

export function upload(url, bytes, name = 'frame.jpg') {
  const form = new FormData();
  form.set('file', new Blob([bytes]), name);
  return fetch(`${url}/detect`, { method: 'POST', body: form });
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
