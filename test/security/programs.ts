/**
 * The programs that the trap watches, each until SIGTERM; a line `ready` says that it has done its work.
 *
 *   node programs.js runtime MODEL         ONNX Runtime from the same package, as it comes
 *   node programs.js library MODEL PICTURE
 *   node programs.js daemon MODEL PICTURE  makes one connection itself, to upload the picture
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { createRequire } from 'node:module';

const [which, model = '', picture = ''] = process.argv.slice(2);
const port = 5000;

async function runtime(): Promise<() => Promise<number>> {
  const load = createRequire(import.meta.url);
  const { InferenceSession } = load('onnxruntime-node') as {
    InferenceSession: { create(file: string): Promise<object> };
  };
  const session = await InferenceSession.create(model);
  return () => Promise.resolve(session instanceof Object ? 0 : 1);
}

async function library(): Promise<() => Promise<number>> {
  const { Detector } = await import('../../src/client/detector.js');
  const detector = new Detector({ models: [model] });
  await detector.detect(readFileSync(picture));
  return async () => {
    await detector.close();
    return 0;
  };
}

async function daemon(): Promise<() => Promise<number>> {
  const words = ['.build/src/cli/zmdetectd.js', '--models', model, '--port', String(port), '--host', '127.0.0.1'];
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  await new Promise<void>((resolve) => {
    child.stdout.on('data', (bytes: Buffer) => {
      process.stdout.write(bytes);
      if (bytes.includes('"listening"')) resolve();
    });
  });
  const form = new FormData();
  form.append('file', new Blob([readFileSync(picture)]), 'picture.jpg');
  const body = new Response(form);
  const headers = { 'content-type': body.headers.get('content-type') ?? '' };
  const upload = request({ port, host: '127.0.0.1', path: '/detect', method: 'POST', headers, agent: false });
  upload.end(Buffer.from(await body.arrayBuffer()));
  const [response] = (await once(upload, 'response')) as [NodeJS.ReadableStream & { statusCode: number }];
  response.resume();
  if (response.statusCode !== 200) throw new Error(`/detect answered ${response.statusCode}`);
  return async () => {
    child.kill('SIGTERM');
    const [status] = (await ended) as [number | null];
    return status ?? 1;
  };
}

const start = { runtime, library, daemon }[which ?? ''];
if (start === undefined) throw new Error(`no program ${which}`);
const stop = await start();
const keepAlive = setInterval(() => undefined, 1000);
process.once('SIGTERM', () => {
  clearInterval(keepAlive);
  void stop().then((status) => process.exit(status));
});
process.stdout.write('ready\n');
