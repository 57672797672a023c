import { format, inspect } from 'node:util';
import t from 'tap';
import { Secret } from '../../src/config/secret.js';

const secret = new Secret('hunter2');

t.test('a secret gives its text only when asked', async (t) => {
  t.equal(secret.reveal(), 'hunter2');
});

t.test('every way to print a secret shows ***', async (t) => {
  t.equal(String(secret), '***');
  t.equal(`${secret as unknown as string}`, '***');
  t.equal(JSON.stringify({ secret }), '{"secret":"***"}');
  t.equal(inspect(secret, { depth: 9, showHidden: true }), '***');
  t.equal(format('%s %o', secret, { secret }).includes('hunter2'), false);
  t.strictSame(Object.keys(secret), []);
  t.notMatch(inspect({ deep: { secret } }, { showHidden: true }), /hunter2/);
});
