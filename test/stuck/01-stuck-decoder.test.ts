/** Decode threads that do not come back: deadlines hold, /health says so, others take their place, memory is counted. */
import { readFileSync } from 'node:fs';
import t from 'tap';

import { embeddedModel } from '../support/daemon.js';
import { DaemonProcess, textOf, upload } from './daemon-process.js';

const picture = new Uint8Array(readFileSync('models/sample.jpg'));
const metric = (text: string, name: string) => Number(new RegExp(`^${name} (\\S+)`, 'm').exec(text)?.[1]);
const healthOf = async (url: string) => JSON.parse(await textOf(`${url}/health`)) as Record<string, unknown>;

t.test('stuck decode threads', async (t) => {
  const daemon = DaemonProcess.start(t, { decode_threads: 2, stuck_thread_seconds: 1, shutdown_seconds: 1 });
  const url = await daemon.listening();
  t.strictSame(await healthOf(url), { status: 'ok', models_loaded: true });

  daemon.stall('JPEG');
  const answers = await Promise.all([0, 1].map(() => upload(url, picture, { 'x-deadline-ms': '300' })));
  t.match(answers, [{ status: 429 }, { status: 429 }], 'the deadline holds although the threads do not come back');
  t.equal(metric(await textOf(`${url}/metrics`), 'zmdetect_queued_bytes'), 2 * picture.byteLength, 'bytes are counted');

  await daemon.said('a thread has not come back');
  const health = await healthOf(url);
  t.match(health, { status: 'degraded', models_loaded: true });
  t.match(health.reason, /decode-\d has not come back from decoding of a picture for \d+ s; decode-\d has not/);
  const metrics = await textOf(`${url}/metrics`);
  t.equal(metric(metrics, 'zmdetect_stuck_threads'), 2);
  t.equal(metric(metrics, 'zmdetect_replaced_threads_total'), 2);
  const bmp = bitmap();
  t.equal((await upload(url, bmp)).status, 200, 'another picture is answered meanwhile');

  daemon.letGo('JPEG');
  await daemon.said('the thread has come back');
  t.strictSame(await healthOf(url), { status: 'ok', models_loaded: true });
  t.equal(metric(await textOf(`${url}/metrics`), 'zmdetect_queued_bytes'), 0);
  t.equal((await upload(url, picture)).status, 200);
  daemon.kill('SIGTERM');
  t.match(await daemon.ending(), { status: 0, output: /"stopped"/ });
});

t.test('a client that hangs up on a stuck thread is forgotten at once', async (t) => {
  const daemon = DaemonProcess.start(t, { decode_threads: 1 }, ['JPEG']);
  const url = await daemon.listening();
  const controller = new AbortController();
  const body = new FormData();
  body.append('file', new Blob([picture]), 'picture.jpg');
  const asked = fetch(`${url}/detect`, { method: 'POST', body, signal: controller.signal });
  await until(async () => metric(await textOf(`${url}/metrics`), 'zmdetect_http_requests_in_flight') === 2);
  controller.abort();
  await t.rejects(asked);
  await until(async () => metric(await textOf(`${url}/metrics`), 'zmdetect_http_requests_in_flight') === 1);
  t.match(daemon.output, /"status":499/);
});

t.test('models that stand still while they load do not hold up /health', async (t) => {
  const daemon = DaemonProcess.start(t, { models: ['all'], base_path: 'models/..', stuck_thread_seconds: 1 }, [
    'RUNTIME',
  ]);
  const url = await daemon.listening();
  const answer = await upload(url, picture, { 'x-deadline-ms': '300' });
  t.equal(answer.status, 503, answer.text);
  await daemon.said('a thread has not come back');
  t.match((await healthOf(url)).reason, /load-0 has not come back from loading of default/);
  daemon.letGo('RUNTIME');
  await daemon.said('the thread has come back');
  t.equal((await upload(url, picture)).status, 200);
  t.ok(embeddedModel);
});

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 10));
}

/** 64 x 48, grey: read by another decoder than JPEG's. */
function bitmap(): Uint8Array<ArrayBuffer> {
  const bytes = Buffer.alloc(54 + 64 * 48 * 3, 128);
  bytes.fill(0, 0, 54);
  bytes.write('BM');
  bytes.writeUInt32LE(bytes.length, 2);
  bytes.writeUInt32LE(54, 10);
  bytes.writeUInt32LE(40, 14);
  bytes.writeInt32LE(64, 18);
  bytes.writeInt32LE(48, 22);
  bytes.writeUInt16LE(1, 26);
  bytes.writeUInt16LE(24, 28);
  return new Uint8Array(bytes);
}
