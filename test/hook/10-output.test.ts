/** What happens to the line, and to the rest, when standard output takes no more. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';

import { eventId, World } from './world.js';

const hook = (config: string, stdout: number | 'pipe', ...args: string[]) =>
  spawn(process.execPath, ['.build/src/cli/zm_detect.js', '-c', config, '-e', String(eventId), ...args], {
    stdio: ['ignore', stdout, 'pipe'],
  });

async function ended(child: ReturnType<typeof hook>): Promise<{ status: number | null; stderr: string }> {
  let stderr = '';
  child.stderr?.on('data', (bytes: Buffer) => (stderr += bytes.toString()));
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, stderr };
}

t.test('a full disk under standard output is an error, and the notes are written all the same', async (t) => {
  const world = await World.start(t);
  const full = openSync('/dev/full', 'w');
  t.teardown(() => closeSync(full));
  t.match(await ended(hook(world.config(), full, '--notes')), {
    status: 1,
    stderr: /^zm_detect: standard output took not all of the answer \(no space left\): make room/,
  });
  t.equal(world.changes.length, 1);
});

t.test('a reader that has gone is an error', async (t) => {
  const world = await World.start(t);
  const child = hook(world.config(), 'pipe');
  child.stdout?.destroy();
  t.match(await ended(child), { status: 1, stderr: /took not all of the answer \(its reader has gone\)/ });
});

t.test('help and config check say so too', async (t) => {
  const full = openSync('/dev/full', 'w');
  t.teardown(() => closeSync(full));
  for (const [program, ...words] of [
    ['zm_detect', '--help'],
    ['zmdetect', 'config', 'check', '/none.yml'],
  ] as const) {
    const child = spawn(process.execPath, [`.build/src/cli/${program}.js`, ...words], {
      stdio: ['ignore', full, 'pipe'],
    });
    t.match(await ended(child), { status: 1, stderr: /standard output took not all of the answer/ });
  }
});

t.test('standard error that takes nothing does not lose the line', async (t) => {
  const world = await World.start(t);
  const full = openSync('/dev/full', 'w');
  const out = path.join(world.folder, 'out');
  const file = openSync(out, 'w');
  const child = spawn(
    process.execPath,
    ['.build/src/cli/zm_detect.js', '-c', world.config({ general: 'wait: 0.5' }), '-e', String(eventId), '--debug'],
    { stdio: ['ignore', file, full] },
  );
  const [status] = (await once(child, 'close')) as [number | null];
  closeSync(full);
  closeSync(file);
  t.equal(status, 0);
  t.match(readFileSync(out, 'utf8'), /^\[s\] detected:/);
});
