import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';

import { install } from '../../src/gpu/install.js';
import { manifest } from '../../src/gpu/manifest.js';
import { feedFolder, mirrorUrl } from '../../src/gpu/source.js';
import { archive, fileName, manifestFor, mirror, platform, sha256 } from './archive.js';

const whole = archive();
const common = { trust: false, bundled: '1.2.3', platform, manifest: manifestFor(null) };

function folders(t: Test): { from: string; into: string } {
  const root = t.testdir({ from: {}, into: {} });
  writeFileSync(path.join(root, 'from', fileName), whole);
  return { from: path.join(root, 'from'), into: path.join(root, 'into') };
}

t.test('an archive without a pinned hash is refused', async (t) => {
  const { from, into } = folders(t);
  await t.rejects(install({ ...common, from, into }), { message: /not pinned .* --sha256 HEX .* --trust/ });
  t.strictSame(readdirSync(into), []);
});

t.test('it is taken with the hash that the user gives, and the archive stays', async (t) => {
  const { from, into } = folders(t);
  const { checked } = await install({ ...common, from, into, sha256: sha256(whole).toUpperCase() });
  t.ok(checked);
  t.strictSame(readdirSync(into).sort(), ['cuda.so', 'shared.so']);
  t.strictSame(readdirSync(from), [fileName]);
});

t.test('it is refused when it has another one', async (t) => {
  const { from, into } = folders(t);
  await t.rejects(install({ ...common, from, into, sha256: '0'.repeat(64) }), { message: /nothing was unpacked/ });
  t.strictSame(readdirSync(into), []);
});

t.test('it is taken on trust, and its hash is told', async (t) => {
  const { from, into } = folders(t);
  t.match(await install({ ...common, from, into, trust: true }), { checked: false, sha256: sha256(whole) });
});

t.test('trust does not go over http', async (t) => {
  const { into } = folders(t);
  const options = { ...common, into, trust: true, mirror: 'http://127.0.0.1:1' };
  await t.rejects(install(options), { message: /expected an https address with --trust/ });
});

t.test('neither trust nor a hash of the user takes the place of a pinned one', async (t) => {
  const { from, into } = folders(t);
  const options = { ...common, manifest: manifestFor('1'.repeat(64)), from, into };
  await t.rejects(install({ ...options, trust: true }), { message: /nothing was unpacked/ });
  await t.rejects(install({ ...options, sha256: sha256(whole) }), { message: /differs from the pinned/ });
});

t.test('what is no hash, no address or no archive is said', async (t) => {
  const { into } = folders(t);
  await t.rejects(install({ ...common, into, sha256: 'abc' }), { message: /expected 64 hexadecimal digits/ });
  await t.rejects(install({ ...common, into, trust: true, mirror: 'ftp://x' }), {
    message: /expected an http or https/,
  });
  await t.rejects(install({ ...common, from: into, into, trust: true }), { message: /cannot be read: ENOENT/ });
});

t.test('libraries for another ONNX Runtime, or another platform, are not installed', async (t) => {
  const { from, into } = folders(t);
  const options = { ...common, from, into, trust: true };
  await t.rejects(install({ ...options, bundled: '1.2.4' }), { message: /of ONNX Runtime 1\.2\.3, and 1\.2\.4/ });
  await t.rejects(install({ ...options, platform: 'linux-arm64' }), { message: /no GPU libraries for linux-arm64/ });
});

t.test('the folder of packages is read out of an index', async (t) => {
  const resources = [
    { '@id': 'https://feed.test/search', '@type': 'SearchQueryService' },
    { '@id': 'https://feed.test/flat/', '@type': 'PackageBaseAddress/3.0.0' },
  ];
  const { url } = await mirror(t, (_request, response) => response.end(JSON.stringify({ resources })));
  const folder = await feedFolder(url);
  const [made] = Object.values(manifestFor(null).archives);
  t.equal(made && mirrorUrl(folder, made, '1.2.3').href, `https://feed.test/flat/made.up.gpu/1.2.3/${fileName}`);
});

t.test('the pinned version is that of onnxruntime-node', async (t) => {
  const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as { dependencies: Record<string, string> };
  t.equal(manifest.version, dependencies['onnxruntime-node']);
});
