import type { StuckThread } from '../../engine/engine.js';
import type { ModelRegistry } from '../../models/registry.js';
import { jsonType } from '../api/operation.js';
import { health } from '../api/replies.js';
import type { Route } from '../exchange.js';

/** What a thread that has not come back is at, for a person. */
export function sentenceOf({ thread, what, seconds }: StuckThread): string {
  return `${thread} has not come back from ${what} for ${Math.floor(seconds)} s`;
}

/**
 * `models_loaded` says that the pipeline exists; see GET /models for each model's state (contract 2.2). `degraded` names
 * the models that run on another processor than they should, or with boxes that no picture can have, and is there only when
 * there are some. A thread that has not come back makes `status` `degraded`, with the reason; until then it is `ok`, as
 * every generation has it.
 */
export function healthRoute(registry: ModelRegistry, stuckThreads: () => readonly StuckThread[]): Route {
  return {
    method: 'GET',
    path: '/health',
    operation: {
      summary: 'Whether the server is up.',
      success: { description: 'It is', type: jsonType, schema: health },
    },
    handle() {
      const { degraded } = registry;
      const reasons = stuckThreads().map(sentenceOf);
      return {
        status: 200,
        body: {
          status: reasons.length > 0 ? 'degraded' : 'ok',
          models_loaded: true,
          ...(degraded.length > 0 ? { degraded } : {}),
          ...(reasons.length > 0 ? { reason: reasons.join('; ') } : {}),
        },
      };
    },
  };
}
