/** Limits of the control group that this process runs in, of either version of the interface. */

/** Folders under /sys/fs/cgroup that may hold a limit of this process, the nearest first; a parent's limit counts too. */
export function cgroupFolders(procSelfCgroup: string, controller: 'cpu' | 'memory'): string[] {
  for (const line of procSelfCgroup.split('\n')) {
    const [, controllers, group] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (controllers === undefined || group === undefined) continue;
    if (controllers === '') return chain('', group);
    if (controllers.split(',').includes(controller)) return chain(`/${controllers}`, group);
  }
  return ['/'];
}

function chain(mount: string, group: string): string[] {
  const parts = group.split('/').filter((part) => part !== '' && part !== '..');
  return [...parts.keys(), parts.length].reverse().map((count) => `${mount}/${parts.slice(0, count).join('/')}`);
}

/** `cpu.max` of version 2: "<quota|max> <period>". Processors, or null without a limit. */
export function parseCpuMax(text: string): number | null {
  const [quota, period] = text.trim().split(/\s+/).map(Number);
  return processors(quota, period);
}

/** `cpu.cfs_quota_us` and `cpu.cfs_period_us` of version 1; a quota of -1 is none. */
export function parseCfsQuota(quota: string, period: string): number | null {
  return processors(Number(quota), Number(period));
}

function processors(quota: number | undefined, period: number | undefined): number | null {
  if (quota === undefined || period === undefined || !(quota > 0) || !(period > 0)) return null;
  return quota / period;
}

/** `memory.max` of version 2, `memory.limit_in_bytes` of version 1. Bytes, or null without a limit. */
export function parseMemoryLimit(text: string): number | null {
  const bytes = Number(text.trim() || NaN);
  // Version 1 says "no limit" with the largest page-aligned 64-bit number.
  return Number.isFinite(bytes) && bytes > 0 && bytes < 2 ** 60 ? bytes : null;
}

/** The tightest of several limits; null where none is set. */
export function tightest(limits: readonly (number | null)[]): number | null {
  const set = limits.filter((limit) => limit !== null);
  return set.length > 0 ? Math.min(...set) : null;
}
