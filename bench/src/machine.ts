/** What a figure needs to be judged later. */
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import os from 'node:os';

import { version } from '../../src/daemon/version.js';

export interface Circumstances {
  readonly date: string;
  readonly command: string;
  readonly machine: Readonly<Record<string, string | number>>;
  readonly versions: Readonly<Record<string, string>>;
}

/** `python`: the environment of pyzm.serve, where it takes part. */
export function circumstances(command: string, python: string | undefined): Circumstances {
  const [cpu] = os.cpus();
  const runtime = createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string };
  return {
    date: new Date().toISOString(),
    command,
    machine: {
      cpu: cpu?.model ?? 'unknown',
      cores: os.availableParallelism(),
      memory_gib: Math.round(os.totalmem() / 2 ** 30),
      system: `${os.type()} ${os.arch()}`,
      kernel: os.release(),
    },
    versions: {
      zmdetect: version,
      commit: commit(),
      node: process.versions.node,
      onnxruntime: runtime.version,
      ...(python === undefined ? {} : pythonVersions(python)),
    },
  };
}

export function circumstancesText({ command, date, machine, versions }: Circumstances): string {
  const list = (fields: Readonly<Record<string, string | number>>) =>
    Object.entries(fields)
      .map(([name, value]) => `${name} ${value}`)
      .join(', ');
  return `\`${command}\` on ${date.slice(0, 10)}. Machine: ${list(machine)}. Versions: ${list(versions)}.`;
}

/** The commit, and whether what was measured differs from it. */
function commit(): string {
  const git = (...args: string[]) => execFileSync('git', args, { encoding: 'utf8' }).trim();
  const changed = git('status', '--porcelain', '--', 'src', 'native', 'package-lock.json') !== '';
  return `${git('rev-parse', '--short', 'HEAD')}${changed ? ' with changes' : ''}`;
}

function pythonVersions(python: string): Record<string, string> {
  const script = `import json, platform
from importlib.metadata import version
names = ["pyzm", "opencv-python-headless", "numpy", "onnx"]
print(json.dumps({"python": platform.python_version(), **{name: version(name) for name in names}}))`;
  return JSON.parse(execFileSync(python, ['-c', script], { encoding: 'utf8' })) as Record<string, string>;
}
