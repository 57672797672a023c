import { readFileSync } from 'node:fs';
import t from 'tap';

import { pageText } from './page.js';
import { readResults } from './results.js';

const page = 'docs/reference/parity.md';

t.test('the page says what the file of results says', async (t) => {
  const text = readFileSync(page, 'utf8');
  t.equal(pageText(text, readResults()), text, `make it anew: node .build/test/parity/page.js`);
});

t.test('a page without its markers is an error', async (t) => {
  t.throws(() => pageText('# Parity', readResults()), /has no part <!-- table -->/);
});
