/** Everything that `zmdetect doctor` says; `--json` prints it as it is. Nothing in it is secret. */
import type { ModelRow } from '../models/model-row.js';
import type { Cpu } from './cpu.js';
import type { Library, OpenCv } from './libraries.js';
import type { NvidiaDevice } from './nvidia.js';

export interface Report {
  readonly versions: {
    readonly zmdetect: string;
    readonly node: string;
    readonly platform: string;
    readonly os: string | null;
    readonly kernel: string;
    readonly libc: string | null;
  };
  readonly cpu: Cpu & {
    readonly processors: number;
    /** What the engine plans its threads with, by affinity and cgroup; null: the addon does not load. */
    readonly usable: number | null;
    /** Whether 8-bit products are exact without `int8_precision: exact`; null: the addon does not load. */
    readonly exact_int8: boolean | null;
    readonly cgroup_quota: number | null;
  };
  readonly memory: {
    readonly total_bytes: number | null;
    readonly available_bytes: number | null;
    readonly cgroup_limit_bytes: number | null;
  };
  readonly nvidia: {
    readonly driver: string | null;
    readonly devices: readonly NvidiaDevice[];
    /** Why nvidia-smi has nothing to say; null: it answered. */
    readonly smi_error: string | null;
    readonly libraries: readonly Library[];
    readonly library_path: string | null;
  };
  readonly coral: { readonly devices: readonly string[]; readonly library: Library };
  readonly runtimes: {
    /** Why the addon does not load; null: it does. */
    readonly addon_error: string | null;
    /** Backends of this build. */
    readonly backends: readonly string[];
    readonly onnxruntime: string | null;
    /** The npm package that the library came from. */
    readonly onnxruntime_node: string | null;
    /** CUDA and TensorRT providers beside it. */
    readonly onnxruntime_providers: readonly string[];
    readonly tflite: string | null;
    readonly opencv: OpenCv;
  };
  readonly models: {
    readonly base_path: string;
    readonly warnings: readonly string[];
    readonly rows: readonly ModelRow[];
  };
}
