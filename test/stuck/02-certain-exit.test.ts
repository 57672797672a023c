/** SIGTERM ends the daemon whatever its threads do; the exit status says how. */
import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import t from 'tap';

import { DaemonProcess, upload } from './daemon-process.js';

const picture = new Uint8Array(readFileSync('models/sample.jpg'));

t.test('decode threads that never come back', async (t) => {
  const daemon = DaemonProcess.start(t, { decode_threads: 2, shutdown_seconds: 0.2 }, ['JPEG']);
  const url = await daemon.listening();
  const asked = [0, 1].map(() => upload(url, picture, { 'x-deadline-ms': '100' }));
  await Promise.all(asked);
  daemon.kill('SIGTERM');
  const { status, output } = await daemon.ending();
  t.equal(status, 70);
  t.match(output, /the stop was not finished/);
});

t.test('a request in flight on such a thread is answered before the exit', async (t) => {
  const daemon = DaemonProcess.start(t, { decode_threads: 1, shutdown_seconds: 0.2 }, ['JPEG']);
  const url = await daemon.listening();
  const asked = upload(url, picture);
  await daemon.reached('JPEG');
  daemon.kill('SIGTERM');
  t.match(await asked, { status: 503, text: /shutting down/ });
  t.equal((await daemon.ending()).status, 70);
});

t.test('a second signal ends it at once, the echo of the first does not', async (t) => {
  const daemon = DaemonProcess.start(t, { decode_threads: 1, shutdown_seconds: 60 }, ['JPEG']);
  const url = await daemon.listening();
  const asked = upload(url, picture).catch(() => 'cut off');
  await daemon.reached('JPEG');
  daemon.kill('SIGTERM');
  daemon.kill('SIGTERM');
  await daemon.said('"stopping"');
  await wait(700);
  t.notMatch(daemon.output, /second signal/);
  daemon.kill('SIGTERM');
  const { status, output } = await daemon.ending();
  t.equal(status, 143);
  t.match(output, /a second signal: leaving at once/);
  t.equal(await asked, 'cut off');
});

t.test('a stop while the runtime opens', async (t) => {
  const daemon = DaemonProcess.start(t, {}, ['RUNTIME']);
  await daemon.reached('RUNTIME');
  daemon.kill('SIGTERM');
  const { status, output } = await daemon.ending();
  t.equal(status, 0);
  t.match(output, /stopped while a model was being loaded/);
});

t.test('a JavaScript thread that stands still', async (t) => {
  const daemon = DaemonProcess.start(t, { shutdown_seconds: 0.2 });
  await daemon.listening();
  await daemon.blockJavaScript();
  daemon.kill('SIGTERM');
  t.match(await daemon.ending(), { status: 70, output: /the stop was not finished \d+ ms after the signal/ });
});

t.test('SIGINT does as SIGTERM', async (t) => {
  const daemon = DaemonProcess.start(t, {});
  await daemon.listening();
  daemon.kill('SIGINT');
  t.equal((await daemon.ending()).status, 0);
});
