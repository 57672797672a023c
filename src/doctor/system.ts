/** Names and sizes out of the system's own text files. */

/** PRETTY_NAME of /etc/os-release. */
export function osName(osRelease: string): string | null {
  return /^PRETTY_NAME="?(.*?)"?$/m.exec(osRelease)?.[1] ?? null;
}

/** A line of /proc/meminfo, such as MemTotal, in bytes. */
export function memInfo(text: string, key: string): number | null {
  const kib = new RegExp(`^${key}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1];
  return kib === undefined ? null : Number(kib) * 1024;
}
