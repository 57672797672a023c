/** Version of the ONNX Runtime library in a folder, read from its bytes. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { onnxRuntimeVersion } from '../doctor/libraries.js';

/** null where there is none. */
export async function bundledOnnxRuntime(folder: string): Promise<string | null> {
  return onnxRuntimeVersion(await readFile(path.join(folder, 'libonnxruntime.so.1')).catch(() => Buffer.alloc(0)));
}
