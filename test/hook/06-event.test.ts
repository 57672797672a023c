import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';

import { startDaemon } from '../support/daemon.js';
import { password } from '../support/fake-zoneminder.js';
import { picture } from '../support/shapes.js';
import { monitorId, run, World } from './world.js';

const whole = picture('shapes-02');

interface Parsed {
  readonly labels: string[];
  readonly boxes: number[][];
  readonly frame_id: string;
  readonly confidences: number[];
  readonly image_dimensions: unknown;
}

const parse = (line: string) => JSON.parse(line.split('--SPLIT--')[1] ?? '') as Parsed;

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
  const { labels, confidences } = parse(stdout);
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

t.test('what cannot be written is said, and what was found stands', async (t) => {
  const world = await World.start(t);
  rmSync(world.event, { recursive: true });
  const config = world.config();
  const { status, stdout, stderr } = await world.hook(config, '-O', 'write_image_to_zm=yes', '--notes');
  t.equal(status, 0);
  t.match(stdout, /^\[s\] detected:/);
  t.match(stderr, /the event's folder .* is not on this host: mount ZoneMinder's storage/);
  t.equal(world.changes.length, 1, 'the notes are written all the same');
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

t.test('a frame that is not written yet is waited for', async (t) => {
  const world = await World.start(t, { missing: 1 });
  const stream = 'frame_set: snapshot\nmax_attempts: 3\nsleep_between_attempts: 0.05';
  t.match(await world.hook(world.config({ stream })), { status: 0, stdout: /^\[s\]/ });
});

t.test('a frame that never comes is an error that leaves the event alone', async (t) => {
  const world = await World.start(t, { frames: {} });
  const result = await world.hook(world.config({ stream: 'frame_set: snapshot' }), '--notes');
  t.match(result, { status: 1, stdout: '', stderr: /^zm_detect: .*objectconfig\.yml:16:5: .*snapshot/ });
  t.strictSame(world.changes, []);
});

t.test("a monitor's zones decide, and those of another do not", async (t) => {
  const world = await World.start(t);
  const zones = (id: number) =>
    world.config({ rest: `monitors:\n  ${id}:\n    zones:\n      corner:\n        coords: "0,0 1,0 1,1"\n` });
  t.match(await world.hook(zones(monitorId), '-m', String(monitorId)), { status: 0, stdout: '' });
  t.match(await world.hook(zones(monitorId)), { status: 0, stdout: '' }, 'ZoneMinder is asked for the monitor');
  t.match(await world.hook(zones(9), '-m', String(monitorId)), { status: 0, stdout: /^\[s\]/ });
});

t.test("ZoneMinder's zones are imported, and only_triggered_zm_zones keeps those of the alarm", async (t) => {
  const zones = [
    { Name: 'Far Corner', Coords: '0,0 1,0 1,1 0,1' },
    { Name: 'All', Coords: '0,0 1280,0 1280,720 0,720' },
  ];
  const world = await World.start(t, { zones, notes: 'Motion: Far Corner' });
  const imported = world.config({ general: 'import_zm_zones: "yes"' });
  t.match(await world.hook(imported), { status: 0, stdout: /^\[s\]/ });
  const triggered = world.config({ general: 'only_triggered_zm_zones: "yes"' });
  t.match(await world.hook(triggered), { status: 0, stdout: '' }, "the event's notes name the corner");
  t.match(await world.hook(triggered, '--reason', 'Motion: All'), { status: 0, stdout: /^\[s\]/ });
});

t.test('resize has ZoneMinder send smaller frames, with boxes and zones in their pixels', async (t) => {
  const small = picture('shapes-07');
  const world = await World.start(t, { frames: { snapshot: whole, 'snapshot@640': small } });
  const stream = 'frame_set: snapshot\nresize: 640';
  const rest = 'monitors:\n  3:\n    zones:\n      whole:\n        coords: "0,0 1280,0 1280,720 0,720"\n';
  const { stdout, stderr } = await world.hook(world.config({ stream, rest }));
  t.match(parse(stdout).image_dimensions, { original: [720, 1280], resized: [360, 640] }, stderr);
  t.ok(parse(stdout).boxes.every(([, , x = 0, y = 0]) => x <= 650 && y <= 370));
  t.ok(world.zm.seen.some(({ query }) => query.get('width') === '640' && query.get('height') === '360'));
});

t.test('convert_snapshot_to_fid asks for the frame with the highest score', async (t) => {
  const world = await World.start(t, { frames: { 42: whole } });
  const stream = 'frame_set: snapshot\nconvert_snapshot_to_fid: "yes"';
  t.match(await world.hook(world.config({ stream })), { status: 0, stdout: /^\[x\] .*"frame_id": "42"/ });
});

t.test('a wrong ZoneMinder password names the line of the user', async (t) => {
  const world = await World.start(t, { zoneMinderPassword: 'wrong' });
  const { status, stdout, stderr } = await world.hook(world.config(), '--notes');
  t.strictSame({ status, stdout }, { status: 1, stdout: '' });
  t.match(stderr, /^zm_detect: .*objectconfig\.yml:5:3: .*: check user and password/);
  t.notMatch(stderr, new RegExp(password.slice(0, 4)));
});

t.test('a ZoneMinder that is not there names the line of its URL', async (t) => {
  const world = await World.start(t);
  const config = world.config();
  writeFileSync(config, readFileSync(config, 'utf8').replaceAll(/127\.0\.0\.1:\d+/g, '127.0.0.1:9'));
  t.match(await world.hook(config), {
    status: 1,
    stdout: '',
    stderr: /^zm_detect: .*objectconfig\.yml:4:3: .*127\.0\.0\.1:9/,
  });
});

t.test('a server that is down is an error without fallback, and a warning with it', async (t) => {
  const world = await World.start(t);
  const remote = 'ml_gateway: http://127.0.0.1:9';
  const down = await world.hook(world.config({ remote }), '--notes');
  t.match(down, { status: 1, stdout: '', stderr: /^zm_detect: .*objectconfig\.yml:13:3: Gateway .*127\.0\.0\.1:9/ });
  t.strictSame(world.changes, []);
  const local = await world.hook(world.config({ remote: `${remote}\nml_fallback_local: "yes"` }));
  t.match(local, { status: 0, stdout: /^\[s\] detected:/, stderr: /127\.0\.0\.1:9/ });
});

t.test('a configuration with an error ends before anything is asked', async (t) => {
  const world = await World.start(t);
  const config = world.config({ general: 'wait: soon', ml: 'frame_strategy: best' });
  const { status, stdout, stderr } = await world.hook(config, '--notes');
  t.strictSame({ status, stdout }, { status: 1, stdout: '' });
  t.match(
    stderr,
    /^zm_detect: .*objectconfig\.yml:10:3: expected a whole number .* for general\.wait, got "soon"\nzm_detect: .*frame_strategy/,
  );
  t.strictSame(world.zm.seen, []);
});

t.test("an error in another monitor's section does not stop this one's event", async (t) => {
  const world = await World.start(t);
  const config = world.config({ rest: 'monitors:\n  9:\n    wait: soon\n' });
  t.match(await world.hook(config, '-m', String(monitorId)), { status: 0, stdout: /^\[s\]/, stderr: '' });
  t.match(await world.hook(config, '-m', '9'), { status: 1, stdout: '' });
});

t.test('--debug says the steps, and no secret', async (t) => {
  const world = await World.start(t);
  const { stdout, stderr } = await world.hook(world.config(), '--debug');
  t.match(stdout, /^\[s\][^\n]*\n$/);
  t.match(stderr, /zm_detect: zones: none/);
  t.notMatch(stderr, /SECRET/);
});

t.test('models that only a server can have are left out with a warning, and the others run', async (t) => {
  const world = await World.start(t);
  const config = world.config({ ml: '' });
  const face = '    face:\n      sequence:\n        - name: DLIB\n          face_detection_framework: dlib\n';
  writeFileSync(
    config,
    readFileSync(config, 'utf8').replace('sequence: object', 'sequence: object,face').trimEnd() + `\n${face}`,
  );
  const { status, stdout, stderr } = await world.hook(config);
  t.equal(status, 0);
  t.match(stdout, /^\[s\] detected:/);
  t.match(stderr, /^zm_detect: .*objectconfig\.yml:\d+:\d+: dlib does not run here: [^\n]*\n$/);
});
