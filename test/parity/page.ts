/**
 * docs/reference/parity.md: the parts between markers come from the file of results, the rest is written by hand.
 *
 *     node page.js [--check]    --check only says whether it is up to date (exit 1)
 */
import { readFileSync, writeFileSync } from 'node:fs';

import { circumstancesText } from '../../bench/src/machine.js';
import { withParts } from '../support/marked-parts.js';
import { causeOf } from './exceptions.js';
import { faultOf, nameOf, stateOf, summaryOf, table } from './report.js';
import { readResults, type Results } from './results.js';

const page = 'docs/reference/parity.md';

/** The page with its generated parts made anew. */
export function pageText(text: string, results: Results): string {
  const parts: Record<string, string> = {
    table: table(results.models),
    differences: differences(results),
    'not compared': notCompared(results),
    run: circumstancesText(results),
  };
  return withParts(page, text, parts);
}

function differences({ models }: Results): string {
  const lists = models
    .map((result) => ({ result, lines: summaryOf(result).differences }))
    .filter(({ lines }) => lines.length > 0)
    .map(({ result, lines }) => {
      const cause = causeOf(result);
      return [`${nameOf(result)}: ${cause}`, '', ...lines.map((line) => `- ${line}`)].join('\n');
    });
  return lists.length === 0 ? 'None.' : lists.join('\n\n');
}

function notCompared({ models }: Results): string {
  const lines = models
    .filter((result) => stateOf(result) === 'not compared')
    .map((result) => `- ${nameOf(result)}: ${faultOf(result)}`);
  return lines.length === 0 ? 'None.' : lines.join('\n');
}

export function writePage(results: Results): void {
  writeFileSync(page, pageText(readFileSync(page, 'utf8'), results));
}

if (process.argv[1] === import.meta.filename) {
  const results = readResults();
  if (!process.argv.includes('--check')) writePage(results);
  else if (pageText(readFileSync(page, 'utf8'), results) !== readFileSync(page, 'utf8')) {
    console.error(`${page} is out of date: run node .build/test/parity/page.js`);
    process.exitCode = 1;
  }
}
