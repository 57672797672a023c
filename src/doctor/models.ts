/** Opens and warms up every model that a server of this configuration would serve. */
import { pino } from 'pino';

import type { ServerConfig } from '../config/server-config.js';
import { findModels } from '../models/discovery.js';
import type { ModelRow } from '../models/model-row.js';
import type { Report } from './report.js';

export async function checkModels(config: ServerConfig): Promise<Report['models']> {
  const { specs, warnings } = await findModels(config);
  const found = { base_path: config.basePath, warnings };
  if (specs.length === 0) return { ...found, rows: [] };
  // Only now, because the rest of the report must not need the addon.
  const { Engine } = await import('../engine/engine.js');
  const { ModelRegistry } = await import('../models/registry.js');
  const engine = new Engine({ decodeThreads: 1 });
  const log = pino({ level: 'silent' });
  const registry = new ModelRegistry(specs, engine, { intraOpThreads: config.inferenceThreads, instances: 1 }, log);
  try {
    const rows: ModelRow[] = [];
    for (const model of registry.models) {
      // A failure stands in the row.
      await model.load().catch(() => undefined);
      rows.push(model.row());
      // One at a time in memory, however many there are.
      await model.unload();
    }
    return { ...found, rows };
  } finally {
    await engine.close();
  }
}
