import t from 'tap';

import { picture } from '../support/shapes.js';
import { monitorId, objectsOf, World } from './world.js';

const whole = picture('shapes-02');

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
  t.match(objectsOf(stdout).image_dimensions, { original: [720, 1280], resized: [360, 640] }, stderr);
  t.ok(objectsOf(stdout).boxes.every(([, , x = 0, y = 0]) => x <= 650 && y <= 370));
  t.ok(world.zm.seen.some(({ query }) => query.get('width') === '640' && query.get('height') === '360'));
});

t.test('convert_snapshot_to_fid asks for the frame with the highest score', async (t) => {
  const world = await World.start(t, { frames: { 42: whole } });
  const stream = 'frame_set: snapshot\nconvert_snapshot_to_fid: "yes"';
  t.match(await world.hook(world.config({ stream })), { status: 0, stdout: /^\[x\] .*"frame_id": "42"/ });
});
