/** The package as a program sees it: README's example, its types, and what it loads. */
import { execFile, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import type { Test } from 'tap';

import { FakeGateway, inferred } from '../support/gateway.js';

/** The first block of JavaScript below this heading of README. */
function example(heading: string): string {
  const [, section = ''] = readFileSync('README.md', 'utf8').split(`\n## ${heading}\n`);
  const code = /```js\n(.*?)```/s.exec(section)?.[1];
  if (code === undefined) throw new Error(`README has no example under ${heading}`);
  return code;
}

/** A program's folder, with the package installed as a link. */
function consumer(t: Test): string {
  const folder = t.testdir();
  mkdirSync(path.join(folder, 'node_modules'));
  symlinkSync(path.resolve('.'), path.join(folder, 'node_modules', 'zmdetect'));
  writeFileSync(path.join(folder, 'package.json'), '{"type": "module"}');
  return folder;
}

function node(folder: string, ...args: string[]) {
  return spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });
}

t.test('README’s example runs and prints what it says', async (t) => {
  const folder = consumer(t);
  const code = example('In a program');
  writeFileSync(path.join(folder, 'example.js'), code);
  const { status, stdout, stderr } = node(folder, 'example.js');
  t.equal(stderr, '');
  t.equal(status, 0);
  t.equal(stdout.trim(), /console\.log\(result\.summary\); \/\/ (.*)/.exec(code)?.[1]);
  t.equal(readFileSync(path.join(folder, 'annotated.jpg')).readUInt16BE(0), 0xffd8);
});

t.test('its types hold for the example, and find a mistake', async (t) => {
  const folder = consumer(t);
  symlinkSync(path.resolve('node_modules/@types'), path.join(folder, 'node_modules', '@types'));
  const compilerOptions = { strict: true, skipLibCheck: true, module: 'nodenext', target: 'es2023', types: ['node'] };
  writeFileSync(
    path.join(folder, 'tsconfig.json'),
    JSON.stringify({ compilerOptions: { ...compilerOptions, noEmit: true } }),
  );
  writeFileSync(path.join(folder, 'example.ts'), example('In a program'));
  const mistake = "import { Detector } from 'zmdetect';\nnew Detector({ gatewayMode: 'jpeg' });\n";
  writeFileSync(path.join(folder, 'mistake.ts'), mistake);
  const { stdout } = node(folder, path.resolve('node_modules/typescript/bin/tsc'));
  t.strictSame(stdout.match(/^\w+\.ts\(\d+/gm), ['mistake.ts(2'], stdout);
});

/** Prints every module that is loaded. */
const listing = `export async function resolve(name, context, next) {
  const found = await next(name, context);
  console.error(found.url);
  return found;
}`;

t.test('a remote run loads neither the native engine nor what only the server needs', async (t) => {
  const folder = consumer(t);
  const gateway = await FakeGateway.start(t, 'G4', { '/infer': () => ({ body: inferred('person') }) });
  writeFileSync(path.join(folder, 'listing.js'), listing);
  writeFileSync(
    path.join(folder, 'list.js'),
    "import { register } from 'node:module';\nregister('./listing.js', import.meta.url);\n",
  );
  writeFileSync(
    path.join(folder, 'remote.js'),
    `import { Detector, samplePicture } from 'zmdetect';
const detector = new Detector({ gateway: process.argv[2], models: ['yard'] });
console.log((await detector.detect(samplePicture)).summary);
await detector.close();
console.log(process.report.getReport().sharedObjects.filter((file) => file.includes('zmdetect')).length);\n`,
  );
  // Not spawnSync: the gateway answers in this process.
  const run = promisify(execFile);
  const { stdout, stderr } = await run(process.execPath, ['--import', './list.js', 'remote.js', gateway.url], {
    cwd: folder,
  });
  t.equal(stdout, 'person:90%\n0\n', stderr);
  const packages = new Set([...stderr.matchAll(/node_modules\/((?:@[^/]+\/)?[^/]+)\//g)].map(([, name]) => name));
  t.strictSame([...packages], []);
  t.notMatch(stderr, /dist\/(server|engine|models|daemon)\//);
});
