import type { ModelRegistry } from '../../models/registry.js';
import { jsonType } from '../api/operation.js';
import { modelList } from '../api/replies.js';
import type { Route } from '../exchange.js';

/** The models in configuration order (contract 2.3). */
export function modelsRoute(registry: ModelRegistry): Route {
  return {
    method: 'GET',
    path: '/models',
    operation: {
      summary: 'The models and their state.',
      success: { description: 'In the order of the configuration', type: jsonType, schema: modelList },
    },
    handle: () => ({ status: 200, body: { models: registry.list() } }),
  };
}
