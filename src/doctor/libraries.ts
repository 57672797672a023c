/** Which shared libraries the loader would find, and the versions that stand in their names and bytes. */
export interface Library {
  readonly name: string;
  /** null: the loader would not find it. */
  readonly path: string | null;
}

/** Of `ldconfig -p`: the first path of each name, as the loader takes it. */
export function parseLdCache(text: string): ReadonlyMap<string, string> {
  const paths = new Map<string, string>();
  for (const [, name, path] of text.matchAll(/^\s+(\S+) \([^)]*\) => (\S+)$/gm)) {
    if (name !== undefined && path !== undefined && !paths.has(name)) paths.set(name, path);
  }
  return paths;
}

/** `folders`: LD_LIBRARY_PATH with its files, in order; they come before the cache. */
export function findLibrary(
  name: string,
  folders: readonly { readonly path: string; readonly files: readonly string[] }[],
  cache: ReadonlyMap<string, string>,
): Library {
  const folder = folders.find(({ files }) => files.includes(name));
  return { name, path: folder ? `${folder.path}/${name}` : (cache.get(name) ?? null) };
}

/** Names in the cache and the folders that match; OpenCV puts its version into the name, so it cannot be asked for. */
export function namesLike(
  pattern: RegExp,
  folders: readonly { readonly files: readonly string[] }[],
  cache: ReadonlyMap<string, string>,
): string[] {
  const names = [...folders.flatMap(({ files }) => files), ...cache.keys()];
  return [...new Set(names.filter((name) => pattern.test(name)))].sort();
}

/** What ONNX Runtime's CUDA provider is linked with (CUDA 12, cuDNN 9), the driver's own library, and TensorRT's. */
export const cudaLibraries: readonly string[] = [
  'libcuda.so.1',
  'libcudart.so.12',
  'libcublas.so.12',
  'libcublasLt.so.12',
  'libcufft.so.11',
  'libcurand.so.10',
  'libcudnn.so.9',
  'libnvinfer.so.10',
];

export const opencvLibraries = /^libopencv_dnn\.so\.\d+$/;

/** What there is of OpenCV: the backend, the library that it was built with, and why they are of no use. */
export interface OpenCv {
  /** null: this build has no such backend, or its library is not found. */
  readonly version: string | null;
  readonly library: Library | null;
  readonly problem: string | null;
}

const install = 'install libopencv-dnn-dev (OpenCV 4) and run `npm run build:native`';

/**
 * `backend`: the bytes of zmdetect_opencv.so, null where there is none. `find` is the loader's search, `real` follows links;
 * Debian's file names end in the version. `installed`: names of the OpenCV libraries that the loader knows.
 */
export async function openCvOf(
  backend: Buffer | null,
  installed: readonly string[],
  find: (name: string) => Library,
  real: (path: string) => Promise<string>,
): Promise<OpenCv> {
  const name = backend && match(backend, 'libopencv_dnn.so.', /(libopencv_dnn\.so\.[\d.]*\d)/);
  if (!name) {
    const tooNew = installed.some((each) => /\.so\.[5-9]\d\d$/.test(each));
    const why = tooNew ? 'OpenCV 5 and later have no Darknet importer' : 'this build has no opencv backend';
    return { version: null, library: null, problem: `${why}: ${install}` };
  }
  const library = find(name);
  if (library.path === null) return { version: null, library, problem: `${name} is not found: ${install}` };
  return { version: /\.so\.(\d+\.\d+\.\d+)$/.exec(await real(library.path))?.[1] ?? null, library, problem: null };
}

/** The version symbol that a build of ONNX Runtime exports its functions under. */
export function onnxRuntimeVersion(bytes: Buffer): string | null {
  return match(bytes, 'VERS_', /VERS_(\d+\.\d+\.\d+)/);
}

/** TensorFlow Lite keeps its version as a text of its own, unlike GLIBC_2.2.5 and its kind. */
export function tfliteVersion(bytes: Buffer): string | null {
  return match(bytes, '2.', /(?<![_.\d])(2\.\d{1,2}\.\d{1,2})\0/);
}

function match(bytes: Buffer, start: string, pattern: RegExp): string | null {
  for (let at = bytes.indexOf(start); at >= 0; at = bytes.indexOf(start, at + 1)) {
    // With the character before, which may tell what it is not.
    const found = pattern.exec(bytes.toString('latin1', Math.max(0, at - 1), at + 32))?.[1];
    if (found !== undefined) return found;
  }
  return null;
}
