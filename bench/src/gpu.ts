/** How busy the GPU is meanwhile, by nvidia-smi. */
import { spawn } from 'node:child_process';

export interface Gpu {
  /** Mean percent of the time in which a kernel ran. */
  readonly utilisation: number;
  /** MiB, the most that was seen. */
  readonly memoryMib: number;
  readonly samples: number;
}

export interface GpuSampler {
  stop(): Gpu;
}

/** Five samples a second of the first GPU. Errors, in `stop`: there was no sample. */
export function sampleGpu(): GpuSampler {
  const query = '--query-gpu=utilization.gpu,memory.used';
  const child = spawn('nvidia-smi', ['--id=0', query, '--format=csv,noheader,nounits', '--loop-ms=200'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.on('data', (bytes: Buffer) => {
    text += bytes.toString();
  });
  // Reported by `stop` as the lack of samples.
  child.on('error', () => undefined);
  return {
    stop() {
      child.kill();
      return readSamples(text);
    },
  };
}

/** Rows `percent, MiB`; a last row that is cut is left out. */
export function readSamples(text: string): Gpu {
  const rows = text
    .split('\n')
    .slice(0, -1)
    .map((row) => row.split(',').map(Number))
    .filter(([utilisation, memory]) => Number.isFinite(utilisation) && Number.isFinite(memory));
  if (rows.length === 0) throw new Error('nvidia-smi gave no sample: is there a GPU?');
  return {
    utilisation: rows.reduce((sum, [utilisation = 0]) => sum + utilisation, 0) / rows.length,
    memoryMib: Math.max(...rows.map(([, memory = 0]) => memory)),
    samples: rows.length,
  };
}
