import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import t from 'tap';

import { password } from '../support/fake-zoneminder.js';
import { monitorId, World } from './world.js';

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

t.test('a wrong ZoneMinder password names the line of the user', async (t) => {
  const world = await World.start(t, { zoneMinderPassword: 'wrong' });
  const { status, stdout, stderr } = await world.hook(world.config(), '--notes');
  t.strictSame({ status, stdout }, { status: 1, stdout: '' });
  t.match(stderr, /^zm_detect: .*objectconfig\.yml:5:3: .*: check general\.user and general\.password/);
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
