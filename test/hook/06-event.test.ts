import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';

import { startDaemon } from '../support/daemon.js';
import { picture } from '../support/shapes.js';
import { monitorId, objectsOf, run, World } from './world.js';

const whole = picture('shapes-02');

t.test('with a server that fetches: one line, and nothing else is touched', async (t) => {
  const [world, daemon] = [await World.start(t), await startDaemon(t, {})];
  const config = world.config({ remote: `ml_gateway: ${daemon.url}` });
  const { status, stdout, stderr } = await world.hook(config, '--monitorid', String(monitorId));
  t.equal(status, 0, stderr);
  t.equal(stderr, '');
  t.match(
    stdout,
    /^\[s\] detected:(?:[a-z]+:\d+% )+--SPLIT--\{"labels": \[.*\], "boxes": \[\[\d.*\], "frame_id": "snapshot", "confidences": \[.*\], "image_dimensions": \{"original": \[720, 1280\], "resized": null\}\}\n$/,
  );
  const { labels, confidences } = objectsOf(stdout);
  t.strictSame([...labels].sort(), whole.objects.map(({ label }) => label).sort());
  const text = labels.filter((label, i) => labels.indexOf(label) === i);
  t.equal(
    stdout.split('--SPLIT--')[0],
    `[s] detected:${text.map((l) => `${l}:${Math.round(100 * (confidences[labels.indexOf(l)] ?? 0))}% `).join('')}`,
  );
  t.strictSame(world.changes, []);
  t.strictSame(readdirSync(world.event), []);
  t.notMatch(daemon.logText, /ACCESS-SECRET/);
});

t.test('with uploads and with models in this process it is the same line', async (t) => {
  const [world, daemon] = [await World.start(t), await startDaemon(t, {})];
  const url = await world.hook(world.config({ remote: `ml_gateway: ${daemon.url}` }));
  const image = await world.hook(world.config({ remote: `ml_gateway: ${daemon.url}\nml_gateway_mode: image` }));
  const local = await world.hook(world.config());
  t.match(url, { status: 0, stderr: '' });
  t.equal(image.stdout, url.stdout, image.stderr);
  t.equal(local.stdout, url.stdout, local.stderr);
});

t.test('zmdetect event is the same program', async (t) => {
  const world = await World.start(t);
  const config = world.config();
  const [one, other] = [await world.hook(config), await run('zmdetect', 'event', '-c', config, '-e', '7')];
  t.strictSame(other, one);
});

t.test('nothing found is no line and status 0', async (t) => {
  const world = await World.start(t);
  const { status, stdout } = await world.hook(world.config({ ml: 'pattern: "(nothing)"' }), '--notes');
  t.strictSame({ status, stdout }, { status: 0, stdout: '' });
  t.strictSame(world.changes, []);
});

t.test('--notes puts what was found before what ZoneMinder wrote', async (t) => {
  const world = await World.start(t, { notes: 'Motion: All' });
  const { status, stdout } = await world.hook(world.config(), '--notes');
  t.equal(status, 0);
  const text = stdout.split('--SPLIT--')[0] ?? '';
  t.match(world.changes, [{ method: 'PUT', path: '/zm/api/events/7.json' }]);
  t.equal(world.changes[0]?.form.get('Event[Notes]'), `${text}| Motion: All`);
});

t.test('write_image_to_zm leaves objdetect.jpg and objects.json in the event', async (t) => {
  const world = await World.start(t);
  const config = world.config();
  writeFileSync(config, readFileSync(config, 'utf8').replace('write_image_to_zm: "no"', 'write_image_to_zm: "yes"'));
  const { status, stdout, stderr } = await world.hook(config);
  t.equal(status, 0);
  t.equal(stderr, '');
  t.strictSame(readdirSync(world.event).sort(), ['objdetect.jpg', 'objects.json']);
  t.equal(readFileSync(path.join(world.event, 'objects.json'), 'utf8'), stdout.trim().split('--SPLIT--')[1]);
  const jpeg = readFileSync(path.join(world.event, 'objdetect.jpg'));
  t.strictSame([...jpeg.subarray(0, 2)], [0xff, 0xd8]);
  const own = path.join(world.folder, 'own', 'folder');
  t.equal((await world.hook(config, '--eventpath', own)).status, 0);
  t.ok(existsSync(path.join(own, 'objdetect.jpg')));
});

t.test('--output-path writes a debug image', async (t) => {
  const world = await World.start(t);
  const out = path.join(world.folder, 'out');
  mkdirSync(out);
  const { status, stderr } = await world.hook(world.config(), '--output-path', out);
  t.equal(status, 0, stderr);
  t.strictSame(readdirSync(out), ['7-snapshot-debug.jpg']);
});

t.test('--file looks at a picture and asks no ZoneMinder', async (t) => {
  const world = await World.start(t);
  const file = 'test/fixtures/shapes/shapes-02-1280x720.jpg';
  const { status, stdout } = await run('zm_detect', '-c', world.config(), '-f', file);
  t.equal(status, 0);
  t.match(stdout, /^\[x\] detected:.*"frame_id": "single"/);
  t.strictSame(world.zm.seen, []);
  t.match(await run('zm_detect', '-c', world.config(), '-f', '/none.jpg'), {
    status: 1,
    stdout: '',
    stderr: /none\.jpg/,
  });
});

t.test('--debug says the steps, and no secret', async (t) => {
  const world = await World.start(t);
  const { stdout, stderr } = await world.hook(world.config(), '--debug');
  t.match(stdout, /^\[s\][^\n]*\n$/);
  t.match(stderr, /zm_detect: zones: none/);
  t.notMatch(stderr, /SECRET/);
});
