import type { ModelRegistry, ModelRow } from '../../models/registry.js';
import { jsonType } from '../api/operation.js';
import { modelList } from '../api/replies.js';
import type { Route } from '../exchange.js';

/** The models in configuration order (contract 2.3). The route is open, so it names files without their folders. */
export function modelsRoute(registry: ModelRegistry): Route {
  return {
    method: 'GET',
    path: '/models',
    operation: {
      summary: 'The models and their state.',
      success: { description: 'In the order of the configuration', type: jsonType, schema: modelList },
    },
    handle: () => ({ status: 200, body: { models: registry.list().map(withoutFolders) } }),
  };
}

/** The log has the whole paths. */
function withoutFolders(row: ModelRow): ModelRow {
  const { name, error, device, runtime } = row;
  return {
    ...row,
    name: baseNames(name),
    error: error && baseNames(error),
    device: device && baseNames(device),
    runtime: runtime && baseNames(runtime),
  };
}

/** `/var/lib/models/a.onnx` becomes `a.onnx`, wherever it stands in a sentence. */
function baseNames(text: string): string {
  return text.replace(/(?<![\w:/.])\/(?:[^/\s'"`:,;()]+\/)+/g, '');
}
