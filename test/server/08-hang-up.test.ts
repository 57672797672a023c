import { setTimeout as wait } from 'node:timers/promises';
import t from 'tap';

import { httpEngine, startDaemon, until } from '../support/daemon.js';
import { FrameServer } from '../support/frame-server.js';
import { head, RawConnection } from '../support/raw-http.js';
import { picture } from '../support/shapes.js';

const { bytes } = picture('shapes-06');
const opening = Buffer.from('--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n');
const upload = Buffer.concat([opening, bytes, Buffer.from('\r\n--b--\r\n')]);
const uploadHead = head('POST /detect', {
  'Content-Type': 'multipart/form-data; boundary=b',
  'Content-Length': upload.length,
});

t.test('a client that hangs up while uploading leaves nothing to do', async (t) => {
  const daemon = await startDaemon(t);
  const connection = await RawConnection.open(daemon.port);
  connection.send(uploadHead, upload.subarray(0, 20_000));
  await wait(200);
  connection.hangUp();
  await until(() => daemon.logged({ msg: 'request' }).length === 1);
  t.match(daemon.logged({ msg: 'request' }), [{ route: '/detect', status: 499, code: 'CANCELLED' }]);
  t.notMatch(daemon.logText, /decode/);
  t.equal((await daemon.upload({ file: bytes })).status, 200);
});

t.test('pictures that wait for a model are dropped when their clients hang up', async (t) => {
  const daemon = await startDaemon(t, { decode_threads: 1 });
  const connections = await Promise.all(Array.from({ length: 40 }, () => RawConnection.open(daemon.port)));
  for (const connection of connections) connection.send(uploadHead, upload);
  await Promise.race(connections.map((connection) => connection.answer()));
  for (const connection of connections) connection.hangUp();
  await until(() => daemon.logged({ msg: 'request' }).length === connections.length);
  const dropped = daemon.logged({ msg: 'request', status: 499 });
  const untouched = dropped.filter(({ stages }) => !('decode' in (stages as object)));
  t.ok(untouched.length > 0, `${untouched.length} of ${connections.length} were not even decoded`);
  t.ok(
    dropped.every(({ stages }) => !('infer' in (stages as object))),
    'none of those dropped was looked at',
  );
  t.equal((await daemon.upload({ file: bytes })).status, 200, 'and the next one is served');
});

t.test('frames are no longer fetched for a client that hung up', async (t) => {
  const frames = await FrameServer.start({ pictures: { circles: picture('shapes-05').bytes } });
  t.teardown(() => frames.close());
  const daemon = await startDaemon(t, { fetch_timeout_seconds: 60 });
  const fids = ['circles', 'delay-60000-circles', 'stall-circles', 'missing'];
  const urls = fids.map((fid) => ({ frame_id: fid, url: frames.urlOf(fid) }));
  const body = JSON.stringify({ urls, max_attempts: 100, sleep_between_attempts: 0.05 });
  const connection = await RawConnection.open(daemon.port);
  const json = { 'Content-Type': 'application/json', 'Content-Length': body.length };
  connection.send(head('POST /detect_urls', json), body);
  await until(() => frames.requests.length > 5);
  connection.hangUp();
  await until(() => daemon.logged({ msg: 'request' }).length === 1);
  t.match(daemon.logged({ msg: 'request' }), [{ route: '/detect_urls', status: 499 }]);
  await until(() => frames.atOnce === 0);
  const asked = frames.requests.length;
  await wait(300);
  t.equal(frames.requests.length, asked, 'no further attempt');
});

t.test('a client that stops in the middle of its upload is cut off', async (t) => {
  const daemon = await startDaemon(t);
  const connection = await RawConnection.open(daemon.port);
  connection.send(uploadHead, upload.subarray(0, 1000));
  await connection.closed();
  await until(() => daemon.logged({ msg: 'request' }).length === 1);
  const status = httpEngine === 'node' ? 408 : 499;
  t.match(daemon.logged({ msg: 'request' }), [{ route: '/detect', status }]);
});
