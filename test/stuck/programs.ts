/**
 * Programs with the library that end while a decode thread does not come back. The preloaded library stalls the decoder.
 *
 *   node programs.js exit     process.exit(3) on the main thread
 *   node programs.js worker   a worker that is terminated; then exit status 4
 *   node programs.js closed   close() was called and does not resolve; then process.exit(5)
 */
import { readFileSync } from 'node:fs';
import { isMainThread, Worker } from 'node:worker_threads';
import { fileURLToPath } from 'node:url';

import { Engine, Ticket } from '../../src/engine/engine.js';

async function stuckEngine(): Promise<Engine> {
  const engine = new Engine({ decodeThreads: 1 });
  const code = await engine.decode(readFileSync('models/sample.jpg'), new Ticket({ deadlineMs: 50 })).then(
    () => 'decoded',
    (error: unknown) => (error as { code?: string }).code,
  );
  if (code !== 'DEADLINE_EXCEEDED') throw new Error(`expected the deadline, got ${code}`);
  return engine;
}

const which = process.argv[2];
if (!isMainThread) {
  await stuckEngine();
  process.stdout.write('stuck\n');
  setInterval(() => undefined, 1000);
} else if (which === 'worker') {
  const worker = new Worker(fileURLToPath(import.meta.url), { stdout: true });
  await new Promise((resolve) => worker.stdout.once('data', resolve));
  await worker.terminate();
  process.exit(4);
} else {
  const engine = await stuckEngine();
  if (which === 'closed') void engine.close();
  process.exit(which === 'closed' ? 5 : 3);
}
