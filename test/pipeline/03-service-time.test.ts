import t from 'tap';

import { ServiceTime } from '../../src/pipeline/service-time.js';

/** Answers `count` times, each so long after the one before. */
function answers(service: ServiceTime, ms: number, count: number): number {
  for (let i = 0; i < count; i++) service.next(ms);
  return service.ms ?? Number.NaN;
}

t.test('nothing is known until something is', async (t) => {
  const service = new ServiceTime();
  t.equal(service.ms, undefined);
  service.seed(40);
  t.equal(service.ms, 40);
});

t.test('the time from answer to answer replaces the guess', async (t) => {
  const service = new ServiceTime();
  service.seed(40);
  const after = answers(service, 80, 24);
  t.ok(after > 76 && after <= 80, `${after}`);
});

t.test('a machine that becomes slow is noticed within two seconds of its work', async (t) => {
  const service = new ServiceTime();
  answers(service, 50, 100);
  const after = answers(service, 100, 20);
  t.ok(after > 80, `${after}`);
});

t.test('the answers of a batch come at once and count together', async (t) => {
  const service = new ServiceTime();
  service.seed(10);
  for (let batch = 0; batch < 20; batch++) {
    service.next(160);
    answers(service, 0, 15);
  }
  const after = service.ms ?? 0;
  t.ok(after > 8 && after < 12.5, `${after}: 16 pictures every 160 ms`);
});

t.test('a picture that had the engine to itself only ever corrects downwards', async (t) => {
  const service = new ServiceTime();
  service.seed(100);
  for (let i = 0; i < 40; i++) service.alone(300);
  t.equal(service.ms, 100, 'its latency is no bound from below');
  for (let i = 0; i < 40; i++) service.alone(20);
  t.ok((service.ms ?? 0) < 30, `${service.ms}: a wrong guess does not last`);
});
