// Puts the hook and what it needs into one file: dist/hook/main.js, in the place of the compiler's. ZoneMinder starts the
// hook for every event, and reading some 170 small files takes longer than everything else that it does on this host.
//
// What runs models in the hook's own process stays apart, in dist/hook/bundle, and is loaded only where it is used.
import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { rollup } from '@rollup/wasm-node';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const entry = path.join(root, 'dist', 'hook', 'main.js');

/** Packages that every run needs. Their ES modules are taken; others stay where npm puts them. */
const inside = new Map(['yaml', 're2js'].map((name) => [name, describe(name)]));

function describe(name) {
  const folder = path.join(root, 'node_modules', name);
  const { version, exports } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
  const main = exports['.'];
  const file = path.join(folder, main.import?.default ?? main.default);
  return { file, notice: `${name} ${version}\n${readFileSync(path.join(folder, 'LICENSE'), 'utf8').trim()}` };
}

const bundle = await rollup({
  input: { main: entry },
  plugins: [
    {
      name: 'packages',
      resolveId: (name) => inside.get(name)?.file ?? (/^[./]/.test(name) ? null : { id: name, external: true }),
    },
  ],
  onwarn(warning) {
    // Circles inside the packages are theirs.
    if (warning.code !== 'CIRCULAR_DEPENDENCY') throw new Error(warning.message);
  },
});
const notices = [...inside.values()].map(({ notice }) => notice).join('\n\n');
await bundle.write({
  dir: path.dirname(entry),
  format: 'es',
  entryFileNames: '[name].js',
  chunkFileNames: 'bundle/[name].js',
  banner: `/*! Holds copies of these packages:\n\n${notices.replaceAll('*/', '* /')}\n*/`,
});
await bundle.close();
// It describes the compiler's file.
rmSync(`${entry}.map`, { force: true });
