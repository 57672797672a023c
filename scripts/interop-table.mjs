// Prints which scenario each client passes.
//   node scripts/interop-table.mjs FILE    (one JSON row for each scenario and client, as test/interop/clients.ts writes)
import { readFileSync } from 'node:fs';

const rows = readFileSync(process.argv[2], 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line));
const scenarios = [...new Set(rows.map(({ scenario }) => scenario))];
const versions = [...new Map(rows.map((row) => [row.versions.pyzm, row.versions])).values()];
versions.sort((a, b) => a.pyzm.localeCompare(b.pyzm, undefined, { numeric: true }));

function mark(scenario, pyzm) {
  const row = rows.findLast((row) => row.scenario === scenario && row.versions.pyzm === pyzm);
  return row === undefined ? '-' : row.passed ? 'green' : 'RED';
}

const width = Math.max(8, ...scenarios.map((scenario) => scenario.length));
const line = (first, cells) => console.log(`${first.padEnd(width)}  ${cells.map((cell) => cell.padEnd(7)).join('')}`);
console.log();
line(
  'pyzm',
  versions.map(({ pyzm }) => pyzm),
);
for (const scenario of scenarios) {
  line(
    scenario,
    versions.map(({ pyzm }) => mark(scenario, pyzm)),
  );
}
const others = Object.entries(versions[0] ?? {}).filter(([name]) => name !== 'pyzm');
console.log(`\nGreen: passed; -: does not apply. ${others.map(([name, version]) => `${name} ${version}`).join(', ')}`);
const red = rows.filter(({ passed }) => !passed).length;
console.log(`${rows.length - red} green, ${red} red`);
