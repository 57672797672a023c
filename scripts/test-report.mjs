// Sums the logs of one test run up: a line for each file, the failures in full, one count at the end.
//   node scripts/test-report.mjs FOLDER    (tap.log of node-tap, gtest.log of GoogleTest if it ran)
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

const folder = process.argv[2];
const read = (name) => (existsSync(path.join(folder, name)) ? readFileSync(path.join(folder, name), 'utf8') : '');
const count = { passed: 0, failed: 0, skipped: 0 };

/** An indented TAP stream: four blanks for each level; `# Subtest` opens a level that an (not) ok line closes. */
function sumTap(text) {
  const blocks = text.split(/^# Subtest: /m).slice(1);
  for (const block of blocks) {
    const lines = block.split('\n');
    const closing = lines.findLast((line) => /^(not )?ok \d/.test(line)) ?? 'not ok (the file did not end)';
    const parents = new Set(lines.filter((line) => /^ +# Subtest: /.test(line)).map((line) => line.trim().slice(11)));
    let failed = 0;
    for (const line of lines) {
      const point = /^ +(not )?ok \d+(?: - (.*))?$/.exec(line);
      if (!point) continue;
      const [, bad, name = ''] = point;
      if (parents.has(name.replace(/ # (time|SKIP|TODO).*$/, ''))) continue;
      if (/# SKIP/.test(name)) {
        count.skipped += 1;
        console.log(`  skipped: ${name}`);
      } else if (bad) failed += 1;
      else count.passed += 1;
    }
    // A file that died without a failed assertion has failed all the same.
    if (closing.startsWith('not ok') && failed === 0) failed = 1;
    count.failed += failed;
    const seconds = (Number(/time=([\d.]+)ms/.exec(closing)?.[1] ?? 0) / 1000).toFixed(1);
    console.log(`${failed ? 'FAIL' : 'ok  '} ${lines[0].replace('.build/', '')}  ${seconds} s`);
    if (failed) console.log(lines.slice(1).join('\n'));
  }
  if (blocks.length === 0) count.failed += 1;
}

function sumGoogleTest(text) {
  if (text === '') return;
  const number = (pattern) => Number(pattern.exec(text)?.[1] ?? 0);
  const failed = number(/\[ {2}FAILED {2}\] (\d+) tests?/);
  const skipped = number(/\[ {2}SKIPPED \] (\d+) tests?/);
  const passed = number(/\[ {2}PASSED {2}\] (\d+) tests?/);
  count.passed += passed;
  count.skipped += skipped;
  count.failed += passed + skipped + failed === 0 ? 1 : failed;
}

sumTap(read('tap.log'));
sumGoogleTest(read('gtest.log'));
if (count.failed) process.stderr.write(read('tap.err'));
console.log(`\n${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`);
