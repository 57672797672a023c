/** What the NVIDIA driver says of itself and its devices. */
export interface NvidiaDevice {
  readonly name: string;
  readonly bus: string | null;
  readonly memory_mib: number | null;
  readonly compute_capability: string | null;
}

/** Version in /proc/driver/nvidia/version, of the closed and of the open kernel module. */
export function parseDriverVersion(text: string): string | null {
  return /^NVRM version:.*?\s(\d+\.\d+(?:\.\d+)?)\s/m.exec(text)?.[1] ?? null;
}

/** /proc/driver/nvidia/gpus/<bus>/information; a device's serial and UUID stay where they are. */
export function parseGpuInformation(text: string): NvidiaDevice | null {
  const value = (key: string) => new RegExp(`^${key}:[ \\t]*(.+)$`, 'm').exec(text)?.[1]?.trim() ?? null;
  const name = value('Model');
  return name === null ? null : { name, bus: value('Bus Location'), memory_mib: null, compute_capability: null };
}

export const smiQuery = ['--query-gpu=name,pci.bus_id,memory.total,compute_cap', '--format=csv,noheader,nounits'];

/** Rows of `nvidia-smi` with the query above. */
export function parseSmi(text: string): NvidiaDevice[] {
  return text.split('\n').flatMap((line) => {
    const [name, bus, memory, capability] = line.split(',').map((part) => part.trim());
    if (!name || bus === undefined) return [];
    const mib = Number(memory);
    return {
      name,
      bus,
      memory_mib: Number.isFinite(mib) ? mib : null,
      compute_capability: /^\d+\.\d+$/.test(capability ?? '') ? (capability ?? null) : null,
    };
  });
}
