/** Asks the host. What is not there, or may not be read, is left out; nothing here throws. */
import { execFile } from 'node:child_process';
import { readdir, readFile, realpath } from 'node:fs/promises';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

import { version } from '../daemon/version.js';
import { bundledOnnxRuntime } from '../gpu/bundled.js';
import { binariesFolder } from '../package-root.js';
import { cgroupFolders, parseCfsQuota, parseCpuMax, parseMemoryLimit, tightest } from './cgroup.js';
import { coralStick } from './coral.js';
import { parseCpuInfo } from './cpu.js';
import {
  cudaLibraries,
  findLibrary,
  namesLike,
  openCvOf,
  opencvLibraries,
  parseLdCache,
  tfliteVersion,
} from './libraries.js';
import { parseDriverVersion, parseGpuInformation, parseSmi, smiQuery } from './nvidia.js';
import type { Report } from './report.js';
import { memInfo, osName } from './system.js';

export async function gatherHost(): Promise<Omit<Report, 'models'>> {
  const [memory, addon, loader] = await Promise.all([text('/proc/meminfo'), loadAddon(), readLoader()]);
  return {
    versions: {
      zmdetect: version,
      node: process.versions.node,
      platform: `${process.platform}-${process.arch}`,
      os: osName(await text('/etc/os-release')),
      kernel: os.release(),
      libc: (await output('getconf', ['GNU_LIBC_VERSION'])).text.trim() || null,
    },
    cpu: {
      ...parseCpuInfo(await text('/proc/cpuinfo')),
      processors: os.cpus().length,
      usable: addon.usable,
      exact_int8: addon.exactInt8,
      cgroup_quota: await cpuQuota(),
    },
    memory: {
      total_bytes: memInfo(memory, 'MemTotal'),
      available_bytes: memInfo(memory, 'MemAvailable'),
      cgroup_limit_bytes: await memoryLimit(),
    },
    nvidia: {
      ...(await nvidia()),
      libraries: cudaLibraries.map((name) => findLibrary(name, loader.folders, loader.cache)),
      library_path: process.env.LD_LIBRARY_PATH || null,
    },
    coral: {
      devices: await coralDevices(),
      library: findLibrary('libedgetpu.so.1', loader.folders, loader.cache),
    },
    runtimes: {
      addon_error: addon.error,
      ...(await runtimes()),
      opencv: await openCvOf(
        await readFile(path.join(binariesFolder, 'zmdetect_opencv.so')).catch(() => null),
        namesLike(opencvLibraries, loader.folders, loader.cache),
        (name) => findLibrary(name, loader.folders, loader.cache),
        (file) => realpath(file).catch(() => file),
      ),
    },
  };
}

async function text(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => '');
}

async function bytes(file: string): Promise<Buffer> {
  return readFile(file).catch(() => Buffer.alloc(0));
}

async function names(folder: string): Promise<string[]> {
  return (await readdir(folder).catch(() => [])).sort();
}

/** A driver in trouble can hold its tools up for minutes; support needs the rest now. */
async function output(program: string, args: readonly string[]): Promise<{ text: string; error: string | null }> {
  try {
    const { stdout } = await promisify(execFile)(program, [...args], { timeout: 5000, killSignal: 'SIGKILL' });
    return { text: stdout, error: null };
  } catch (error) {
    const { code, killed, stdout } = error as NodeJS.ErrnoException & { killed?: boolean; stdout?: string };
    const said = stdout?.trim().split('\n')[0];
    const reason =
      String(code) === 'ENOENT' ? 'not installed' : killed ? 'no answer in 5 s' : said || `failed: ${code}`;
    return { text: '', error: reason };
  }
}

async function loadAddon(): Promise<{ usable: number | null; exactInt8: boolean | null; error: string | null }> {
  try {
    const { exactInt8Products, usableCpus } = await import('../engine/engine.js');
    return { usable: usableCpus(), exactInt8: exactInt8Products(), error: null };
  } catch (error) {
    return { usable: null, exactInt8: null, error: error instanceof Error ? error.message : String(error) };
  }
}

/** The loader's places to look: LD_LIBRARY_PATH, then its cache. */
async function readLoader() {
  const paths = (process.env.LD_LIBRARY_PATH ?? '').split(':').filter((folder) => folder !== '');
  const folders = await Promise.all(paths.map(async (folder) => ({ path: folder, files: await names(folder) })));
  // Users' PATH often lacks /sbin.
  const cached = await output('ldconfig', ['-p']);
  const listing = cached.error === null ? cached : await output('/sbin/ldconfig', ['-p']);
  return { folders, cache: parseLdCache(listing.text) };
}

async function cpuQuota(): Promise<number | null> {
  const folders = cgroupFolders(await text('/proc/self/cgroup'), 'cpu');
  const limits = folders.map(async (folder) => {
    const group = path.join('/sys/fs/cgroup', folder);
    const quota = await text(path.join(group, 'cpu.cfs_quota_us'));
    const period = await text(path.join(group, 'cpu.cfs_period_us'));
    return parseCpuMax(await text(path.join(group, 'cpu.max'))) ?? parseCfsQuota(quota, period);
  });
  return tightest(await Promise.all(limits));
}

async function memoryLimit(): Promise<number | null> {
  const folders = cgroupFolders(await text('/proc/self/cgroup'), 'memory');
  const limits = folders.flatMap((folder) =>
    ['memory.max', 'memory.limit_in_bytes'].map(async (file) =>
      parseMemoryLimit(await text(path.join('/sys/fs/cgroup', folder, file))),
    ),
  );
  return tightest(await Promise.all(limits));
}

async function nvidia() {
  const driver = parseDriverVersion(await text('/proc/driver/nvidia/version'));
  const buses = await names('/proc/driver/nvidia/gpus');
  const files = buses.map((bus) => text(`/proc/driver/nvidia/gpus/${bus}/information`));
  const listed = (await Promise.all(files)).map(parseGpuInformation).filter((device) => device !== null);
  const smi = await output('nvidia-smi', smiQuery);
  const asked = parseSmi(smi.text);
  return { driver, devices: asked.length > 0 ? asked : listed, smi_error: smi.error };
}

async function coralDevices(): Promise<string[]> {
  const usb = '/sys/bus/usb/devices';
  const sticks = (await names(usb)).map(async (name) =>
    coralStick(await text(`${usb}/${name}/idVendor`), await text(`${usb}/${name}/idProduct`)),
  );
  const cards = (await names('/dev')).filter((name) => /^apex_\d+$/.test(name)).map((name) => `/dev/${name}`);
  return [...(await Promise.all(sticks)).filter((stick) => stick !== null), ...cards];
}

async function runtimes() {
  const files = await names(binariesFolder);
  return {
    backends: files.flatMap((file) => /^zmdetect_(\w+)\.so$/.exec(file)?.[1] ?? []),
    onnxruntime: await bundledOnnxRuntime(binariesFolder),
    onnxruntime_node: packageVersion('onnxruntime-node'),
    onnxruntime_providers: files.filter((file) => file.startsWith('libonnxruntime_providers_')),
    tflite: tfliteVersion(await bytes(path.join(binariesFolder, 'libtensorflowlite_c.so'))),
  };
}

function packageVersion(name: string): string | null {
  try {
    return (createRequire(import.meta.url)(`${name}/package.json`) as { version: string }).version;
  } catch {
    return null;
  }
}
