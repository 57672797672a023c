/**
 * The one place that pins which GPU libraries belong to the bundled ONNX Runtime.
 *
 * `sha256` is null until somebody has verified an archive against its publisher: then the command asks for a hash, or for
 * explicit trust, and never makes one up. It changes together with `onnxruntime-node` in package.json; a test compares.
 */
export interface Archive {
  /** Name of the package, as feeds and mirrors have it, in lower case. */
  readonly package: string;
  /** Of the whole archive, hexadecimal, lower case. */
  readonly sha256: string | null;
  /** Folder inside the archive that holds `files`. */
  readonly folder: string;
  readonly files: readonly string[];
}

export interface Manifest {
  /** Version of ONNX Runtime, and of the packages. */
  readonly version: string;
  /** By Node's name of the platform. What is missing here is not published upstream. */
  readonly archives: Readonly<Record<string, Archive>>;
}

export const manifest: Manifest = {
  version: '1.30.0',
  archives: {
    'linux-x64': {
      package: 'microsoft.ml.onnxruntime.gpu.linux',
      sha256: null,
      folder: 'runtimes/linux-x64/native',
      files: [
        'libonnxruntime_providers_shared.so',
        'libonnxruntime_providers_cuda.so',
        'libonnxruntime_providers_tensorrt.so',
      ],
    },
  },
};

/** Name of the archive's file. */
export function archiveFile(archive: Archive, version: string): string {
  return `${archive.package}.${version}.nupkg`;
}
