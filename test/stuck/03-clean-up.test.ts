/** A process or a worker that ends while a native thread does not come back ends all the same, with its own status. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';

for (const [program, status] of [
  ['exit', 3],
  ['worker', 4],
  ['closed', 5],
] as const) {
  t.test(program, async (t) => {
    const folder = t.testdir();
    const library = path.join(folder, 'stall.so');
    execFileSync('cc', ['-shared', '-fPIC', '-o', library, 'test/stuck/stall.c', '-ldl']);
    const stall = path.join(folder, 'JPEG');
    writeFileSync(stall, '');
    const env = { ...process.env, LD_PRELOAD: library, STALL_JPEG: stall };
    const child = spawn(process.execPath, ['.build/test/stuck/programs.js', program], { env, stdio: 'pipe' });
    let said = '';
    child.stderr.on('data', (bytes: Buffer) => (said += bytes.toString()));
    t.teardown(() => child.kill('SIGKILL'));
    t.strictSame(await once(child, 'close'), [status, null], said);
  });
}
