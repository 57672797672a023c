import { z } from 'zod';

import type { Route } from '../exchange.js';
import type { Metrics } from '../metrics.js';
import type { TokenAuthority } from '../tokens.js';

/** Open as `/health` is, unless a token is asked for. */
export function metricsRoute(metrics: Metrics, tokens: TokenAuthority, secured: boolean): Route {
  return {
    method: 'GET',
    path: '/metrics',
    operation: {
      summary: 'Counters, gauges and histograms for Prometheus.',
      secured,
      success: { description: 'Text format of Prometheus', type: metrics.contentType, schema: z.string() },
    },
    async handle(exchange) {
      if (secured) tokens.check(exchange.request.headers.authorization);
      return { status: 200, body: await metrics.text(), headers: { 'content-type': metrics.contentType } };
    },
  };
}
