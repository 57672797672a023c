/** What the kernel knows of a process and of the machine (Linux, /proc). */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** Seconds of all its threads, user and system, those that have ended included. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name in brackets may hold spaces; utime and stime are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** MiB: resident now, and the most since the process began. */
export function residentMib(pid: number): { now: number; peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const mib = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 1024;
  return { now: mib('VmRSS'), peak: mib('VmHWM') };
}

export function openFiles(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** Seconds of all processors since the machine began: all, and those that the host gave to others. */
export interface MachineTimes {
  readonly total: number;
  readonly stolen: number;
}

export function machineTimes(): MachineTimes {
  const [row = ''] = readFileSync('/proc/stat', 'utf8').split('\n', 1);
  // user nice system idle iowait irq softirq steal; guest times are part of user's.
  const ticks = row.trim().split(/\s+/).slice(1, 9).map(Number);
  return {
    total: ticks.reduce((sum, value) => sum + value, 0) / ticksPerSecond,
    stolen: (ticks[7] ?? 0) / ticksPerSecond,
  };
}

/** Share of the machine's processor time, 0..1, that was stolen between the two. */
export function stolenShare(from: MachineTimes, to: MachineTimes): number {
  return to.total === from.total ? 0 : (to.stolen - from.stolen) / (to.total - from.total);
}
