#!/usr/bin/env node
/** `scripts/prove-gpu`: whether the GPU finds what the CPU finds, how fast, and the rows to show for it. */
import { mkdir } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { ArgumentParser } from 'argparse';

import { defaultRuntimeChoices, type RuntimeChoices, tensorrtModes } from '../detection/runtime.js';
import { gatherHost } from '../doctor/gather.js';
import { replaceFile } from '../files.js';
import { type ModelProof, NoGpu, prove } from '../gpu/prove.js';
import { packageRoot } from '../package-root.js';

/** EX_CONFIG of sysexits.h, as the daemon ends with when it must have a GPU and has none. */
const noGpuStatus = 78;
const method =
  'pictures are decoded beforehand; letterbox, inference and post-processing are measured. N is requests in flight at the ' +
  'same time; where the file leaves the batch open, the engine puts up to max_batch of them into one inference';

interface Given {
  readonly folder: string;
  readonly photos: string;
  readonly name?: string;
  readonly instances: number;
  readonly seconds: number;
  readonly gpu_device: number;
  readonly gpu_memory_limit_bytes: number;
  readonly tensorrt: RuntimeChoices['tensorrt'];
  readonly tensorrt_cache: string;
  readonly cuda_graph: boolean;
}

function parser(): ArgumentParser {
  const embedded = path.join(packageRoot, 'models');
  const parser = new ArgumentParser({
    prog: 'prove-gpu',
    description: 'Runs every ONNX model of a folder on the CPU and on the GPU, and compares them.',
  });
  parser.add_argument('folder', {
    nargs: '?',
    default: embedded,
    metavar: 'FOLDER',
    help: 'models (default: embedded)',
  });
  parser.add_argument('--photos', { default: embedded, metavar: 'DIR', help: 'pictures to compare on' });
  parser.add_argument('--name', { help: 'of the result bench/results/gpu-NAME.json (default: the device)' });
  parser.add_argument('--instances', {
    type: 'int',
    default: 2,
    help: 'runs of a model at the same time (default: 2)',
  });
  parser.add_argument('--seconds', { type: 'float', default: 5, help: 'length of a measurement (default: 5)' });
  const { tensorrtCache } = defaultRuntimeChoices();
  parser.add_argument('--gpu-device', { type: 'int', default: 0, help: "CUDA's number of the GPU (default: 0)" });
  parser.add_argument('--gpu-memory-limit-bytes', { type: 'int', default: 0, help: 'for each model; 0: no limit' });
  parser.add_argument('--tensorrt', { choices: [...tensorrtModes], default: 'off', help: 'prove TensorRT' });
  parser.add_argument('--tensorrt-cache', { default: tensorrtCache, help: 'directory for what TensorRT builds' });
  parser.add_argument('--cuda-graph', { action: 'store_true', help: 'prove CUDA graphs, with one instance' });
  return parser;
}

async function main(): Promise<number> {
  const given = parser().parse_args<Given>();
  const rows: ModelProof[] = [];
  const runtime = {
    gpuDevice: given.gpu_device,
    gpuMemoryLimitBytes: given.gpu_memory_limit_bytes,
    tensorrt: given.tensorrt,
    tensorrtCache: given.tensorrt_cache,
    cudaGraph: given.cuda_graph,
  };
  for await (const row of prove({ ...given, models: given.folder, runtime })) {
    rows.push(row);
    process.stdout.write(`${text(row)}\n`);
  }
  const file = await save(given, rows);
  process.stdout.write(`${method}\nwritten: ${file}\n`);
  return rows.every(({ error, pictures }) => error === null && pictures.every((row) => row.labels_equal)) ? 0 : 1;
}

function text({ model, error, device, pictures, speed, max_batch: batch }: ModelProof): string {
  if (error !== null) return `${model}: ${error}`;
  const differ = pictures.filter((row) => !row.labels_equal);
  const box = Math.max(...pictures.map((row) => row.max_box_difference));
  const confidence = Math.max(...pictures.map((row) => row.max_confidence_difference));
  return [
    `${model} on ${device}`,
    `  batches of up to ${batch?.cpu} on the CPU, ${batch?.gpu} on the GPU`,
    `  ${pictures.length} pictures, labels differ on ${differ.length}: ${differ.map((row) => row.picture).join(' ') || 'none'}`,
    `  largest difference: ${box.toFixed(2)} px, confidence ${confidence.toFixed(4)}`,
    '  requests   CPU images/s   GPU images/s',
    ...speed.map((row) =>
      [row.concurrency, row.cpu_images_per_second, row.gpu_images_per_second]
        .map((value, column) => String(value).padStart([10, 15, 15][column] ?? 0))
        .join(''),
    ),
  ].join('\n');
}

async function save(given: Given, rows: readonly ModelProof[]): Promise<string> {
  const { versions, cpu, memory, nvidia, runtimes } = await gatherHost();
  const device = rows.find((row) => row.device !== null)?.device ?? 'unknown';
  const name = (given.name ?? nvidia.devices[0]?.name ?? device).toLowerCase().replace(/[^a-z0-9]+/g, '-');
  const folder = path.join(packageRoot, 'bench', 'results');
  const file = path.join(folder, `gpu-${name}.json`);
  const result = {
    date: new Date().toISOString(),
    command: ['scripts/prove-gpu', ...process.argv.slice(2)].join(' '),
    method,
    machine: {
      cpu: cpu.model,
      processors: cpu.usable,
      memory_gib: Math.round((memory.total_bytes ?? os.totalmem()) / 2 ** 30),
      driver: nvidia.driver,
      devices: nvidia.devices,
    },
    versions: { ...versions, onnxruntime: runtimes.onnxruntime },
    models: rows,
  };
  await mkdir(folder, { recursive: true });
  await replaceFile(file, `${JSON.stringify(result, null, 2)}\n`);
  return path.relative(process.cwd(), file);
}

main().then(
  (status) => {
    process.exitCode = status;
  },
  (error: unknown) => {
    const words = error instanceof Error ? error.message : String(error);
    process.stderr.write(`prove-gpu: ${error instanceof NoGpu ? 'no GPU to prove: ' : ''}${words}\n`);
    process.exitCode = error instanceof NoGpu ? noGpuStatus : 1;
  },
);
