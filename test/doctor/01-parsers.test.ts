import t from 'tap';

import { cgroupFolders, parseCfsQuota, parseCpuMax, parseMemoryLimit, tightest } from '../../src/doctor/cgroup.js';
import { coralStick } from '../../src/doctor/coral.js';
import { parseCpuInfo } from '../../src/doctor/cpu.js';
import { parseDriverVersion, parseGpuInformation, parseSmi } from '../../src/doctor/nvidia.js';
import { memInfo, osName } from '../../src/doctor/system.js';

t.test('the features of an x86 processor that choose kernels are named, each once', async (t) => {
  const core = 'model name\t: AMD Ryzen 7 5800X\nflags\t\t: fpu sse2 sse4_2 fma avx f16c avx2 avx512_vnni avx_vnni\n\n';
  const cpu = parseCpuInfo(`processor\t: 0\n${core}processor\t: 1\n${core}`);
  t.strictSame(cpu, {
    model: 'AMD Ryzen 7 5800X',
    features: ['avx', 'avx2', 'avx512_vnni', 'avx_vnni', 'f16c', 'fma', 'sse4_2'],
  });
});

t.test('an ARM processor has its features under their common names', async (t) => {
  const text = 'processor\t: 0\nFeatures\t: fp asimd aes asimdhp asimddp\nModel\t\t: Raspberry Pi 5 Model B Rev 1.0\n';
  t.strictSame(parseCpuInfo(text), { model: 'Raspberry Pi 5 Model B Rev 1.0', features: ['dotprod', 'fp16', 'neon'] });
});

t.test('a processor that says nothing is unknown', async (t) => {
  t.strictSame(parseCpuInfo(''), { model: null, features: [] });
});

t.test('the limits of a control group are looked for in its parents too', async (t) => {
  t.strictSame(cgroupFolders('0::/a/b\n', 'cpu'), ['/a/b', '/a', '/']);
  t.strictSame(cgroupFolders('0::/\n', 'memory'), ['/']);
  t.strictSame(cgroupFolders('4:memory:/x\n3:cpu,cpuacct:/y\n', 'cpu'), ['/cpu,cpuacct/y', '/cpu,cpuacct/']);
  t.strictSame(cgroupFolders('', 'cpu'), ['/']);
});

t.test('a quota is in processors, and "max", -1 and the largest number are no limit', async (t) => {
  t.equal(parseCpuMax('150000 100000\n'), 1.5);
  t.equal(parseCpuMax('max 100000\n'), null);
  t.equal(parseCpuMax(''), null);
  t.equal(parseCfsQuota('200000\n', '100000\n'), 2);
  t.equal(parseCfsQuota('-1\n', '100000\n'), null);
  t.equal(parseMemoryLimit('2147483648\n'), 2147483648);
  t.equal(parseMemoryLimit('max\n'), null);
  t.equal(parseMemoryLimit('9223372036854771712\n'), null);
  t.equal(parseMemoryLimit(''), null);
  t.equal(tightest([null, 4, 2]), 2);
  t.equal(tightest([null]), null);
});

t.test('the driver is recognised with the closed and the open kernel module', async (t) => {
  const closed =
    'NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.183.01  Sun May 12 19:39:15 UTC 2024\nGCC version: 12\n';
  const open = 'NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.86.15  Release Build  (root@x)\n';
  t.equal(parseDriverVersion(closed), '535.183.01');
  t.equal(parseDriverVersion(open), '570.86.15');
  t.equal(parseDriverVersion(''), null);
});

t.test('a device is named by the driver, without its serial numbers', async (t) => {
  const text =
    'Model: \t\t NVIDIA GeForce RTX 3060\nIRQ:   \t\t 47\nGPU UUID: \t GPU-0c5e\nBus Location: \t 0000:01:00.0\n';
  const device = parseGpuInformation(text);
  t.strictSame(device, {
    name: 'NVIDIA GeForce RTX 3060',
    bus: '0000:01:00.0',
    memory_mib: null,
    compute_capability: null,
  });
  t.equal(parseGpuInformation(''), null);
});

t.test('nvidia-smi answers with a row a device; what it does not know is left out', async (t) => {
  t.strictSame(parseSmi('Tesla P4, 00000000:01:00.0, 7680, 6.1\nOld, 00000000:02:00.0, [N/A], [N/A]\n'), [
    { name: 'Tesla P4', bus: '00000000:01:00.0', memory_mib: 7680, compute_capability: '6.1' },
    { name: 'Old', bus: '00000000:02:00.0', memory_mib: null, compute_capability: null },
  ]);
  t.strictSame(parseSmi('No devices were found\n'), []);
});

t.test('a Coral stick is known with and without its firmware', async (t) => {
  t.match(coralStick('1a6e\n', '089a\n'), /before its first use/);
  t.equal(coralStick('18D1\n', '9302\n'), 'Coral USB Accelerator');
  t.equal(coralStick('046d', 'c52b'), null);
});

t.test('names and sizes are read out of the system files', async (t) => {
  t.equal(osName('NAME="Debian"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n'), 'Debian GNU/Linux 12 (bookworm)');
  t.equal(osName('PRETTY_NAME=Alpine\n'), 'Alpine');
  t.equal(memInfo('MemTotal:       16 kB\nMemFree:  1 kB\n', 'MemTotal'), 16384);
  t.equal(memInfo('', 'MemTotal'), null);
});
