/** Runs models on the CPU and on the GPU through the engine, and sets what they find and how fast side by side. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

import type { Processor } from '../detection/config.js';
import { defaultRuntimeChoices } from '../detection/runtime.js';
import { Engine, type NativeImage, Ticket } from '../engine/engine.js';
import { ZmdetectError } from '../errors.js';
import { findModels } from '../models/discovery.js';
import { type Loaded, loadModel } from '../models/load.js';
import type { ModelSpec } from '../models/spec.js';
import { compare, type Comparison, type Found } from './compare.js';
import { imagesPerSecond } from './throughput.js';

export const concurrencies = [1, 4, 8, 16, 32];
const minConfidence = 0.25;

export interface ProveOptions {
  /** Holds ONNX files, in itself or in directories of their own. */
  readonly models: string;
  readonly photos: string;
  /** Runs of a model at the same time. */
  readonly instances: number;
  /** Length of each measurement. */
  readonly seconds: number;
  /** What is compared with the CPU: the GPU, but for tests of the comparison itself. */
  readonly against?: Processor;
}

export interface PictureRow extends Comparison {
  readonly picture: string;
  readonly detections: number;
}

export interface SpeedRow {
  /** Requests in flight at any time. */
  readonly concurrency: number;
  readonly cpu_images_per_second: number;
  readonly gpu_images_per_second: number;
}

export interface ModelProof {
  readonly model: string;
  readonly error: string | null;
  readonly device: string | null;
  readonly input: readonly [number, number] | null;
  readonly layout: string | null;
  readonly warmup_ms: { readonly cpu: number; readonly gpu: number } | null;
  readonly pictures: readonly PictureRow[];
  readonly speed: readonly SpeedRow[];
}

/** The GPU cannot be used; the message is the backend's own. */
export class NoGpu extends Error {}

interface Photo {
  readonly name: string;
  readonly image: NativeImage;
}

/** Yields a row a model, as each is done. Throws NoGpu, before anything is measured. */
export async function* prove(options: ProveOptions): AsyncGenerator<ModelProof> {
  const specs = await onnxModels(options.models);
  const engine = new Engine({ maxImages: 64 });
  const photos: Photo[] = [];
  try {
    for (const spec of specs) {
      const gpu = await settled(open(spec, options.against ?? 'gpu', engine, options));
      if (gpu instanceof Error) {
        yield failed(spec, gpu);
        continue;
      }
      try {
        if (photos.length === 0) photos.push(...(await decodeAll(options.photos, engine)));
        const cpu = await settled(open(spec, 'cpu', engine, options));
        if (cpu instanceof Error) yield failed(spec, cpu);
        else yield await both(spec, cpu, gpu, photos, options).finally(() => cpu.native.close());
      } finally {
        await gpu.native.close();
      }
    }
  } finally {
    for (const { image } of photos) image.release();
    await engine.close();
  }
}

/** ONNX files directly in a folder, and in its directories as `--models all` finds them. */
export async function onnxModels(folder: string): Promise<ModelSpec[]> {
  const wanted = {
    processor: 'gpu',
    processorGiven: true,
    detectorConfig: null,
    allowCpuFallback: false,
    gpuRetrySeconds: 0,
    ...defaultRuntimeChoices(),
  } as const;
  const basePath = path.resolve(folder);
  const direct = (await readdir(basePath)).filter((name) => /\.onnx$/i.test(name)).sort();
  const files = direct.map((name) => path.join(basePath, name));
  const found = await Promise.all([files, ['all']].map((models) => findModels({ ...wanted, basePath, models })));
  const specs = found.flatMap((each) => each.specs).filter((spec) => /\.onnx$/i.test(spec.weightsPath ?? ''));
  if (specs.length === 0) throw new Error(`there are no ONNX models in ${basePath}`);
  return specs;
}

async function open(spec: ModelSpec, processor: Processor, engine: Engine, options: ProveOptions): Promise<Loaded> {
  const loaded = await loadModel(spec, processor, engine, { intraOpThreads: 0, instances: options.instances });
  if (processor === 'gpu' && loaded.native.device === 'CPU') {
    await loaded.native.close();
    throw new ZmdetectError('DEVICE_UNAVAILABLE', {
      reason: 'the ONNX backend of this build knows no device but the CPU',
    });
  }
  return loaded;
}

/** A model's own trouble is a row; a missing device ends the proof. */
async function settled(opening: Promise<Loaded>): Promise<Loaded | Error> {
  return opening.catch((error: unknown) => {
    const code = error instanceof ZmdetectError ? error.code : undefined;
    if (error instanceof Error && (code === 'DEVICE_UNAVAILABLE' || code === 'BACKEND_UNAVAILABLE')) {
      throw new NoGpu(error.message, { cause: error });
    }
    return error instanceof Error ? error : new Error(String(error));
  });
}

async function decodeAll(folder: string, engine: Engine): Promise<Photo[]> {
  const names = (await readdir(folder)).filter((name) => /\.(?:jpe?g|png|bmp|webp)$/i.test(name)).sort();
  // The engine bounds how many decoded pictures are alive.
  const photos = names.slice(0, 48).map(async (name) => ({
    name,
    image: await engine.decode(await readFile(path.join(folder, name)), new Ticket()),
  }));
  if (photos.length === 0) throw new Error(`there are no pictures in ${folder}`);
  return await Promise.all(photos);
}

async function both(
  spec: ModelSpec,
  cpu: Loaded,
  gpu: Loaded,
  photos: readonly Photo[],
  { seconds }: ProveOptions,
): Promise<ModelProof> {
  const pictures: PictureRow[] = [];
  for (const { name, image } of photos) {
    const [onCpu, onGpu] = [await detect(cpu, image), await detect(gpu, image)];
    pictures.push({ picture: name, detections: onCpu.length, ...compare(onCpu, onGpu, minConfidence) });
  }
  const images = photos.map(({ image }) => image);
  const speed: SpeedRow[] = [];
  for (const concurrency of concurrencies) {
    speed.push({
      concurrency,
      cpu_images_per_second: await rate(cpu, images, concurrency, seconds),
      gpu_images_per_second: await rate(gpu, images, concurrency, seconds),
    });
  }
  return {
    model: spec.name,
    error: null,
    device: gpu.native.device,
    input: [gpu.prepared.inputWidth, gpu.prepared.inputHeight],
    layout: gpu.prepared.layout,
    warmup_ms: { cpu: Math.round(cpu.prepared.warmupMs), gpu: Math.round(gpu.prepared.warmupMs) },
    pictures,
    speed,
  };
}

async function detect({ native, labels }: Loaded, image: NativeImage): Promise<Found[]> {
  const { boxes, scores, classes } = await native.detect(image, minConfidence, new Ticket());
  const side = (at: number) => boxes[at] ?? 0;
  return Array.from(classes, (id, i) => ({
    label: labels[id] ?? String(id),
    confidence: scores[i] ?? 0,
    box: [side(4 * i), side(4 * i + 1), side(4 * i + 2), side(4 * i + 3)],
  }));
}

function rate({ native }: Loaded, images: readonly NativeImage[], concurrency: number, seconds: number) {
  return imagesPerSecond((image) => native.detect(image, minConfidence, new Ticket()), images, concurrency, seconds);
}

function failed(spec: ModelSpec, { message }: Error): ModelProof {
  const nothing = { device: null, input: null, layout: null, warmup_ms: null, pictures: [], speed: [] };
  return { model: spec.name, error: message, ...nothing };
}
