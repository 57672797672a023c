import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';

import { install, type InstallOptions } from '../../src/gpu/install.js';
import { archive, cut, fileName, library, manifestFor, mirror, platform, serve, sha256 } from './archive.js';

const whole = archive();
const common = { trust: false, bundled: '1.2.3', platform, manifest: manifestFor(sha256(whole)), waitMs: 1 };

function into(t: Test, options: Partial<InstallOptions>): { into: string; run: () => ReturnType<typeof install> } {
  const folder = t.testdir();
  return { into: folder, run: () => install({ ...common, into: folder, ...options }) };
}

t.test('the named files are unpacked out of the archive of a mirror, and nothing else stays', async (t) => {
  const { url, asked } = await mirror(t, serve(whole));
  const seen: number[] = [];
  const target = into(t, { mirror: `${url}/packages/`, onProgress: (received) => seen.push(received) });
  const { files, checked } = await target.run();
  t.strictSame(readdirSync(target.into).sort(), ['cuda.so', 'shared.so']);
  t.ok(readFileSync(files[0] ?? '').equals(library));
  t.ok(checked);
  t.equal(asked[0]?.path, `/packages/made.up.gpu/1.2.3/${fileName}`);
  t.equal(seen.at(-1), whole.length);
});

t.test('a mirror may be the address of the archive itself', async (t) => {
  const { url, asked } = await mirror(t, serve(whole));
  await into(t, { mirror: `${url}/a.nupkg` }).run();
  t.equal(asked[0]?.path, '/a.nupkg');
});

t.test('a download that was cut goes on where it stopped', async (t) => {
  const { url, asked } = await mirror(t, (request, response, count) =>
    (count === 1 ? cut(whole, 70_000) : serve(whole))(request, response, count),
  );
  const target = into(t, { mirror: url });
  await target.run();
  t.match(asked[1]?.range, /^bytes=[1-9]\d*-$/);
  t.ok(readFileSync(path.join(target.into, 'cuda.so')).equals(library));
});

t.test('so does one of an earlier run', async (t) => {
  const { url, asked } = await mirror(t, serve(whole));
  const target = into(t, { mirror: url });
  writeFileSync(path.join(target.into, `${fileName}.part`), whole.subarray(0, 1000));
  await target.run();
  t.equal(asked[0]?.range, 'bytes=1000-');
  t.strictSame(readdirSync(target.into).sort(), ['cuda.so', 'shared.so']);
});

t.test('a server without ranges sends it all again', async (t) => {
  const { url } = await mirror(t, (_request, response) => response.end(whole));
  const target = into(t, { mirror: url });
  writeFileSync(path.join(target.into, `${fileName}.part`), 'the beginning of something else');
  await target.run();
  t.ok(readFileSync(path.join(target.into, 'cuda.so')).equals(library));
});

t.test('a left-over that is longer than the archive is thrown away', async (t) => {
  const { url } = await mirror(t, serve(whole));
  const target = into(t, { mirror: url });
  writeFileSync(path.join(target.into, `${fileName}.part`), Buffer.alloc(whole.length + 1));
  await target.run();
  t.ok(readFileSync(path.join(target.into, 'cuda.so')).equals(library));
});

t.test('with a wrong hash nothing is unpacked, and the next run begins anew', async (t) => {
  const { url } = await mirror(t, serve(archive(['cuda.so', 'shared.so', 'more.so'])));
  const target = into(t, { mirror: url });
  await t.rejects(target.run(), { message: /SHA-256 .* expected .*: nothing was unpacked/ });
  t.strictSame(readdirSync(target.into), []);
});

t.test('an archive without one of the files installs none', async (t) => {
  const lacking = archive(['cuda.so']);
  const { url } = await mirror(t, serve(lacking));
  const target = into(t, { mirror: url, manifest: manifestFor(sha256(lacking)) });
  await t.rejects(target.run(), { message: `${fileName} has no native/shared.so` });
  t.strictSame(readdirSync(target.into), []);
});

t.test('what is no archive is said to be none', async (t) => {
  const text = Buffer.from('<html>please log in</html>');
  const { url } = await mirror(t, serve(text));
  const target = into(t, { mirror: url, manifest: manifestFor(sha256(text)) });
  await t.rejects(target.run(), { message: `${fileName} is not a zip archive` });
});

t.test('a mirror that is not there is named', async (t) => {
  const { url, close } = await mirror(t, serve(whole));
  close();
  const target = into(t, { mirror: url, attempts: 2 });
  await t.rejects(target.run(), { message: /^127\.0\.0\.1:\d+ cannot be reached: .*ECONNREFUSED/ });
  t.strictSame(readdirSync(target.into), []);
});

t.test('a mirror that says no is not asked again', async (t) => {
  const { url, asked } = await mirror(t, (_request, response) => response.writeHead(404).end());
  await t.rejects(into(t, { mirror: url }).run(), { message: /answered 404/ });
  t.equal(asked.length, 1);
});

t.test('a mirror that always hangs up is given up, and what came stays for the next run', async (t) => {
  const { url } = await mirror(t, (request, response, count) => {
    if (count === 1) cut(whole, 50_000)(request, response, count);
    else response.destroy();
  });
  const target = into(t, { mirror: url, attempts: 2 });
  await t.rejects(target.run(), { message: /cannot be reached/ });
  t.strictSame(readdirSync(target.into), [`${fileName}.part`]);
});
