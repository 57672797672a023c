import type { Route } from '../exchange.js';

/** `models_loaded` says that the pipeline exists; see GET /models for each model's state (contract 2.2). */
export function healthRoute(): Route {
  return {
    method: 'GET',
    path: '/health',
    handle: () => ({ status: 200, body: { status: 'ok', models_loaded: true } }),
  };
}
