import { spawnSync } from 'node:child_process';
import t from 'tap';

t.test('the generated pages of docs/reference say what the code says', async (t) => {
  const { status, stderr } = spawnSync(process.execPath, ['scripts/generate-docs.mjs', '--check'], {
    encoding: 'utf8',
  });
  t.equal(status, 0, stderr);
});
