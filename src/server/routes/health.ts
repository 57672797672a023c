import type { ModelRegistry } from '../../models/registry.js';
import { jsonType } from '../api/operation.js';
import { health } from '../api/replies.js';
import type { Route } from '../exchange.js';

/**
 * `models_loaded` says that the pipeline exists; see GET /models for each model's state (contract 2.2). `degraded` names
 * the models that run on another processor than they should, or with boxes that no picture can have, and is there only when there are some.
 */
export function healthRoute(registry: ModelRegistry): Route {
  return {
    method: 'GET',
    path: '/health',
    operation: {
      summary: 'Whether the server is up.',
      success: { description: 'It is', type: jsonType, schema: health },
    },
    handle() {
      const { degraded } = registry;
      return { status: 200, body: { status: 'ok', models_loaded: true, ...(degraded.length > 0 ? { degraded } : {}) } };
    },
  };
}
