/** Who is let in. Models are stand-ins that have measured so many milliseconds for a picture. */
import { setTimeout as wait } from 'node:timers/promises';
import t from 'tap';

import { ZmdetectError } from '../../src/errors.js';
import type { RegisteredModel } from '../../src/models/registry.js';
import { Admission } from '../../src/pipeline/admission.js';
import { ByteBudget } from '../../src/pipeline/byte-budget.js';
import type { Priority, Urgency } from '../../src/pipeline/urgency.js';

const model = (pictureMs: number) => ({ measured: { pictureMs } }) as unknown as RegisteredModel;
const within = (ms: number, priority: Priority = 'interactive'): Urgency => ({
  priority,
  deadline: performance.now() + ms,
});

/** Pictures that stay in the engine until they are let go. */
function occupied(admission: Admission, models: readonly RegisteredModel[], count: number, urgency = within(1e9)) {
  let free = () => {};
  const gone = new Promise<void>((resolve) => (free = resolve));
  const all = Promise.all(Array.from({ length: count }, () => admission.run(models, urgency, () => gone)));
  return async () => {
    free();
    await all;
  };
}

const admits = (admission: Admission, models: readonly RegisteredModel[], urgency: Urgency, count = 1) => {
  try {
    admission.check(models, urgency, count);
    return true;
  } catch (error) {
    if (error instanceof ZmdetectError && error.code === 'QUEUE_FULL') return false;
    throw error;
  }
};

t.test('an idle engine takes whatever comes, however slow it seems', async (t) => {
  const admission = new Admission();
  t.ok(admits(admission, [model(60_000)], within(100)));
});

t.test('a request is let in while the work ahead leaves it time, with some to spare', async (t) => {
  const admission = new Admission();
  const yard = model(100);
  const free = occupied(admission, [yard], 10);
  // Ten pictures of 150 ms (the measurement, and what it leaves out), half of that to spare, and its own.
  t.ok(admits(admission, [yard], within(2500)));
  t.notOk(admits(admission, [yard], within(1900)));
  t.notOk(admits(admission, [yard], within(100)));
  t.ok(admits(admission, [yard], within(Number.POSITIVE_INFINITY)));
  await free();
  t.ok(admits(admission, [yard], within(100)));
});

t.test('the refusal says how long to wait', async (t) => {
  const admission = new Admission();
  const yard = model(100);
  const free = occupied(admission, [yard], 100);
  try {
    admission.check([yard], within(2000));
    t.fail('it was let in');
  } catch (error) {
    t.match(error, { code: 'QUEUE_FULL', status: 429, message: /about 15\.2 s, and its deadline is in 2\.0 s$/ });
    t.equal((error as ZmdetectError).retryAfter, 19);
  }
  await free();
});

t.test('long waits keep a few seconds to spare, not half as much again', async (t) => {
  const admission = new Admission();
  const yard = model(1000);
  const free = occupied(admission, [yard], 32);
  t.ok(admits(admission, [yard], within(55_000)), '48 s of waiting, 5 for the unforeseen');
  const more = occupied(admission, [yard], 2);
  t.notOk(admits(admission, [yard], within(55_000)), '51 s of waiting');
  await free();
  await more();
});

t.test('a queue before one model holds up nobody who asks for another', async (t) => {
  const admission = new Admission();
  const [slow, quick] = [model(1000), model(10)];
  const free = occupied(admission, [slow], 20);
  t.notOk(admits(admission, [slow], within(2000)));
  t.ok(admits(admission, [quick], within(2000)));
  t.notOk(admits(admission, [quick, slow], within(2000)), 'who needs both waits for both');
  t.doesNotThrow(() => admission.checkAny([slow, quick], within(2000)), 'which one is meant is not known yet');
  const both = occupied(admission, [quick], 400);
  t.throws(() => admission.checkAny([slow, quick], within(2000)), { code: 'QUEUE_FULL' });
  await free();
  await both();
});

t.test('uploads pass the frames of events, events wait for everything', async (t) => {
  const admission = new Admission();
  const yard = model(100);
  const free = occupied(admission, [yard], 20, within(1e9, 'bulk'));
  t.ok(admits(admission, [yard], within(1000)), 'one runs, the others are passed');
  t.notOk(admits(admission, [yard], within(1000, 'bulk')));
  await free();
});

t.test('frames that are being fetched count, for as long as they may still come', async (t) => {
  const admission = new Admission();
  const yard = model(100);
  const place = admission.expect([yard], 40);
  t.notOk(admits(admission, [yard], within(2000, 'bulk'), 16), 'sixteen of them go before sixteen new ones');
  t.ok(admits(admission, [yard], within(2000, 'bulk'), 2), 'two before two');
  t.ok(admits(admission, [yard], within(2000)), 'and none before an upload');
  for (let i = 0; i < 40; i++) place.came();
  t.ok(admits(admission, [yard], within(2000, 'bulk'), 16));
  place.end();

  const stuck = admission.expect([yard], 40);
  await wait(2100);
  t.ok(admits(admission, [yard], within(2000, 'bulk'), 16), 'an engine without work waits for nobody');
  stuck.end();
});

t.test('an event that is long even for an idle engine is let in', async (t) => {
  const admission = new Admission();
  t.ok(admits(admission, [model(1000)], within(2000, 'bulk'), 50));
});

t.test('it learns what the engine takes, from answers and not from what was dropped', async (t) => {
  const admission = new Admission();
  const yard = model(200);
  const one = (ms: number, urgency = within(1e9)) => admission.run([yard], urgency, () => wait(ms));
  for (let i = 0; i < 10; i++) await Promise.all([one(10), one(20), one(30), one(40)]);
  const learned = admission.of(yard).service.ms ?? 0;
  t.ok(learned < 60, `${learned}`);
  for (let i = 0; i < 20; i++)
    await admission.run([yard], within(1e9), () => Promise.reject(new Error('gone'))).catch(() => {});
  t.equal(admission.of(yard).service.ms, learned);
  t.equal(admission.of(yard).total, 0);
});

t.test('a model that was loaded anew is guessed anew', async (t) => {
  const admission = new Admission();
  const yard = { measured: { pictureMs: 10 } };
  t.equal(admission.of(yard as unknown as RegisteredModel).service.ms, 15);
  yard.measured = { pictureMs: 100 };
  t.equal(admission.of(yard as unknown as RegisteredModel).service.ms, 150);
});

t.test('bytes: who asks for more than there is is refused, who can wait is let in when there is room', async (t) => {
  const budget = new ByteBudget(100);
  budget.check(100);
  budget.add(60);
  t.throws(() => budget.check(41), { code: 'QUEUE_BYTES_FULL', status: 429 });
  await budget.room(new AbortController().signal);
  budget.add(60);
  const order: number[] = [];
  const waiting = [1, 2].map((n) => budget.room(new AbortController().signal).then(() => order.push(n)));
  const gone = new AbortController();
  const abandoned = budget.room(gone.signal);
  gone.abort(new Error('gone'));
  await t.rejects(abandoned, { message: 'gone' });
  await wait(5);
  t.strictSame(order, []);
  budget.give(30);
  await Promise.all(waiting);
  t.strictSame(order, [1, 2]);
  budget.give(90);
  t.equal(budget.used, 0);
});
