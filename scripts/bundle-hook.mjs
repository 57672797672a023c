// Puts the hook and what it needs into a few files, dist/bundle: ZoneMinder starts the hook for every event, and reading
// some 170 small files takes longer than everything else that it does on this host.
//
// What runs models in the hook's own process stands in files of its own there, which are read only where it is used.
import { chmodSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { rollup } from '@rollup/wasm-node';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const compiled = path.join(root, 'dist', 'cli');
const target = path.join(root, 'dist', 'bundle');
const programs = ['zm_detect', 'zmdetect'];
/** The other commands of `zmdetect`, which have time. */
const commands = path.join(compiled, 'commands.js');

/** Packages that every run needs, as ES modules; the others stay where npm puts them. */
const packages = new Map(['yaml'].map((name) => [name, describe(name)]));

function describe(name) {
  const folder = path.join(root, 'node_modules', name);
  const { version, exports } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
  const main = exports['.'];
  const file = path.join(folder, main.default);
  return { file, notice: `${name} ${version}\n${readFileSync(path.join(folder, 'LICENSE'), 'utf8').trim()}` };
}

function resolveId(name, importer) {
  const inside = packages.get(name)?.file;
  if (inside !== undefined) return inside;
  if (!/^[./]/.test(name)) return { id: name, external: true };
  return importer !== undefined && path.resolve(path.dirname(importer), name) === commands
    ? { id: commands, external: true }
    : null;
}

const bundle = await rollup({
  input: Object.fromEntries(programs.map((name) => [name, path.join(compiled, `${name}.js`)])),
  plugins: [{ name: 'packages', resolveId }],
  onwarn(warning) {
    // Circles inside the packages are theirs.
    if (warning.code !== 'CIRCULAR_DEPENDENCY') throw new Error(warning.message);
  },
});
const notices = [...packages.values()].map(({ notice }) => notice).join('\n\n');
rmSync(target, { recursive: true, force: true });
await bundle.write({
  dir: target,
  format: 'es',
  paths: { [commands]: '../cli/commands.js' },
  entryFileNames: '[name].js',
  chunkFileNames: 'parts/[name].js',
  banner: ({ moduleIds }) =>
    moduleIds.some((id) => id.includes('node_modules'))
      ? `/*! Holds copies of these packages:\n\n${notices.replaceAll('*/', '* /')}\n*/`
      : '',
});
await bundle.close();
for (const name of programs) chmodSync(path.join(target, `${name}.js`), 0o755);
