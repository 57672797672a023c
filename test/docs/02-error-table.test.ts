/** The native codes and the error table name the same things. */
import { readFile } from 'node:fs/promises';
import t from 'tap';

import { errorTable, isErrorCode, ZmdetectError } from '../../src/errors.js';

t.test('every code of the engine has a row', async (t) => {
  const source = await readFile('native/status.cc', 'utf8');
  const codes = [...source.matchAll(/return "([A-Z_]+)"/g)].map(([, code]) => code).filter((code) => code !== 'OK');
  t.ok(codes.length > 10);
  for (const code of codes) t.ok(isErrorCode(code), String(code));
});

t.test('a row fills its text from the parameters', async (t) => {
  const error = new ZmdetectError('OPTION_INVALID', { expected: 'text', name: 'pattern', value: 3 });
  t.equal(error.message, 'expected text for pattern, got 3');
  t.equal(error.status, 400);
});

t.test('every row says what to do', async (t) => {
  for (const [code, { mend, status }] of Object.entries(errorTable)) {
    t.ok(mend.length > 5, code);
    t.ok(status >= 400 && status < 600, code);
  }
});
