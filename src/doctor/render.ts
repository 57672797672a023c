/** The report as text: sections of aligned names and values, fit for a support thread. */
import { plainLine } from '../plain-line.js';
import type { ModelRow } from '../models/model-row.js';
import type { Library, OpenCv } from './libraries.js';
import type { NvidiaDevice } from './nvidia.js';
import type { Report } from './report.js';

type Line = readonly [name: string, value: string | number | null];

export function render(report: Report): string {
  const { versions, cpu, memory, nvidia, coral, runtimes, models } = report;
  return [
    section('Versions', [
      ['zmdetect', versions.zmdetect],
      ['Node', `${versions.node} (${versions.platform})`],
      ['OS', versions.os],
      ['kernel', versions.kernel],
      ['libc', versions.libc],
    ]),
    section('Processor', [
      ['model', cpu.model],
      ['features', cpu.features.join(' ')],
      ['processors', cpu.processors],
      ['usable', cpu.usable],
      ['8-bit models', int8(cpu.exact_int8)],
      ['cgroup quota', cpu.cgroup_quota ?? 'no limit'],
    ]),
    section('Memory', [
      ['total', gib(memory.total_bytes)],
      ['available', gib(memory.available_bytes)],
      ['cgroup limit', memory.cgroup_limit_bytes === null ? 'no limit' : gib(memory.cgroup_limit_bytes)],
    ]),
    section('NVIDIA', [
      ['driver', nvidia.driver ?? 'not loaded'],
      ...listed('device', nvidia.devices.map(device)),
      ['nvidia-smi', nvidia.smi_error ?? 'answers'],
      ...nvidia.libraries.map(found),
      ['LD_LIBRARY_PATH', nvidia.library_path ?? 'not set'],
    ]),
    section('Coral', [...listed('device', coral.devices), found(coral.library)]),
    section('Runtimes', [
      ['addon', runtimes.addon_error ?? 'loads'],
      ['backends', runtimes.backends.join(', ') || 'none'],
      ['ONNX Runtime', runtimes.onnxruntime && `${runtimes.onnxruntime} (build/Release/libonnxruntime.so.1)`],
      ['onnxruntime-node', runtimes.onnxruntime_node ?? 'not installed'],
      ['GPU providers', runtimes.onnxruntime_providers.join(', ') || 'none (zmdetect gpu install)'],
      ['TFLite', runtimes.tflite && `${runtimes.tflite} (build/Release/libtensorflowlite_c.so)`],
      ['OpenCV', openCv(runtimes.opencv)],
    ]),
    section(`Models in ${models.base_path}`, [
      ...models.warnings.map((warning): Line => ['warning', warning]),
      ...(models.rows.length > 0 ? models.rows.map(model) : [['models', 'none'] as const]),
    ]),
  ].join('\n');
}

function section(title: string, lines: readonly Line[]): string {
  const width = Math.max(...lines.map(([name]) => name.length));
  return [
    title,
    ...lines.map(([name, value]) => `  ${plainLine(name).padEnd(width)}  ${plainLine(String(value ?? 'unknown'))}`),
    '',
  ].join('\n');
}

function listed(name: string, values: readonly string[]): Line[] {
  return values.length > 0 ? values.map((value): Line => [name, value]) : [[name, 'none']];
}

function found({ name, path }: Library): Line {
  return [name, path ?? 'not found'];
}

function openCv({ version, library, problem }: OpenCv): string {
  return problem ?? `${version ?? 'unknown version'} (${library?.path})`;
}

function device({ name, bus, memory_mib, compute_capability }: NvidiaDevice): string {
  const parts = [name, bus, memory_mib === null ? null : `${memory_mib} MiB`];
  if (compute_capability !== null) parts.push(`compute ${compute_capability}`);
  return parts.filter((part) => part !== null).join(', ');
}

function model(row: ModelRow): Line {
  if (row.state === 'failed') return [row.name, `failed: ${row.error}`];
  const asked =
    row.processor !== row.requested_processor
      ? `${row.processor} instead of ${row.requested_processor}`
      : row.processor;
  const parts = [
    `${row.state} on ${asked} (${row.device})`,
    row.runtime,
    row.layout === null ? null : `${row.layout} (by ${row.decided_by})`,
    row.picture,
    row.input?.join('x'),
    `batch ${row.batch ? `${row.batch.max} (${row.batch.kind})` : 'unknown'}`,
  ];
  if (row.warmup_ms !== null) parts.push(`warm-up ${row.warmup_ms} ms`);
  if (row.error !== null) parts.push(row.error);
  return [row.name, parts.filter((part) => part !== undefined && part !== null).join(', ')];
}

function int8(exact: boolean | null): string | null {
  if (exact === null) return null;
  return exact ? 'exact' : 'no VNNI: exact in a form that takes about a quarter more time (int8_precision)';
}

function gib(bytes: number | null): string | null {
  return bytes === null ? null : `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}
