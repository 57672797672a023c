/** `zmdetect doctor`: what a support thread needs. */
import { loadServerConfig } from '../config/load.js';
import type { ServerConfig } from '../config/server-config.js';
import { version } from '../daemon/version.js';
import { processors } from '../detection/config.js';
import { gatherHost } from '../doctor/gather.js';
import { render } from '../doctor/render.js';
import type { Report } from '../doctor/report.js';
import { type Arguments, type Command, textOf } from './command.js';

export const doctor: Command = {
  name: 'doctor',
  help: 'say what this host has, and whether each model runs on it',
  addArguments(parser) {
    parser.add_argument('--json', { action: 'store_true', help: 'print one JSON object' });
    parser.add_argument('--base-path', { help: 'directory whose sub-directories hold the models' });
    parser.add_argument('--models', { nargs: '+', help: 'models to try (default: all under the base path)' });
    parser.add_argument('--processor', { choices: [...processors], help: 'what to try them on (default: cpu)' });
    parser.add_argument('--config', { help: "the server's YAML file, instead of the three above" });
  },
  async run(args) {
    const { config, warnings } = await loadServerConfig(serverArguments(args), version);
    const host = await gatherHost();
    // Without the addon there is no engine to try a model with, and the rest of the report is what is needed.
    const models = host.runtimes.addon_error === null ? await tried(config) : untried(config.basePath);
    const report: Report = { ...host, models: { ...models, warnings: [...warnings, ...models.warnings] } };
    process.stdout.write(args.json === true ? `${JSON.stringify(report, null, 2)}\n` : render(report));
    return host.runtimes.addon_error !== null || models.rows.some(({ state }) => state === 'failed') ? 1 : 0;
  },
};

/** Imported only here: it needs the addon, and without that the rest is to be told all the same. */
async function tried(config: ServerConfig): Promise<Report['models']> {
  const { checkModels } = await import('../doctor/models.js');
  return await checkModels(config);
}

function untried(basePath: string): Report['models'] {
  return { base_path: basePath, warnings: ['no model was tried, because the addon does not load'], rows: [] };
}

/** The daemon's own reading of its flags, so that the doctor tries what the daemon would serve. */
function serverArguments(args: Arguments): string[] {
  const config = textOf(args, 'config');
  if (config !== undefined) return ['--config', config];
  const given: string[] = ['--models', ...(Array.isArray(args.models) ? args.models.map(String) : ['all'])];
  for (const [flag, value] of [
    ['--base-path', textOf(args, 'base_path')],
    ['--processor', textOf(args, 'processor')],
  ] as const) {
    if (value !== undefined) given.push(flag, value);
  }
  return given;
}
