// npm's install step. A checkout is built by scripts/quickstart or `npm run build`; an installed package that came
// without a binary for this platform is built here, from source.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const built = existsSync(path.join(root, 'build/Release/zmdetect.node'));
const checkout = existsSync(path.join(root, '.git'));
if (!built && !checkout) {
  const { status } = spawnSync(path.join(root, 'scripts/build-native'), { cwd: root, stdio: 'inherit' });
  process.exit(status ?? 1);
}
