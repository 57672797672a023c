import type { ModelRegistry } from '../../models/registry.js';
import type { Route } from '../exchange.js';

/** The models in configuration order (contract 2.3). */
export function modelsRoute(registry: ModelRegistry): Route {
  return { method: 'GET', path: '/models', handle: () => ({ status: 200, body: { models: registry.list() } }) };
}
