/** What /proc/cpuinfo says that decides how fast a model runs. */
export interface Cpu {
  readonly model: string | null;
  /** Instruction sets that the runtimes choose their kernels by, in common names. */
  readonly features: readonly string[];
}

const ofX86 = /^(?:sse4_2|avx.*|f16c|fma|amx.*)$/;
/** The kernel's names on ARM, and those that people look for. */
const ofArm: Readonly<Record<string, string>> = {
  neon: 'neon',
  asimd: 'neon',
  asimddp: 'dotprod',
  asimdhp: 'fp16',
  i8mm: 'i8mm',
  bf16: 'bf16',
  sve: 'sve',
};

/** All processors of a host are taken to be like the first. */
export function parseCpuInfo(text: string): Cpu {
  const words = value(text, 'flags|Features')?.split(/\s+/) ?? [];
  const features = words.flatMap((word) => (ofX86.test(word) ? [word] : (ofArm[word] ?? [])));
  return { model: value(text, 'model name|Model|Hardware'), features: [...new Set(features)].sort() };
}

function value(text: string, keys: string): string | null {
  return new RegExp(`^(?:${keys})[ \\t]*:[ \\t]*(.+)$`, 'm').exec(text)?.[1]?.trim() ?? null;
}
