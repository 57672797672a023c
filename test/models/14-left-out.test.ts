import t from 'tap';
import { LeftOutCounter } from '../../src/models/left-out.js';

t.test('impossible boxes degrade a model until it is loaded again, and the log says so once', (t) => {
  const warnings: string[] = [];
  const counter = new LeftOutCounter((sentence) => warnings.push(sentence));
  counter.add({ impossible: 0, capped: 0 });
  t.equal(counter.reason, null);
  counter.add({ impossible: 3, capped: 0 });
  counter.add({ impossible: 2, capped: 0 });
  t.match(
    counter.reason,
    /^5 boxes on 3 pictures since it was loaded are impossible .* were left out: export the model again/,
  );
  t.match(warnings, [/^the model is degraded: 3 boxes on 2 pictures/]);
  t.strictSame(counter.sinceLoad, { impossible: 5, capped: 0 });
  counter.restart();
  t.equal(counter.reason, null);
  t.strictSame(counter.sinceLoad, { impossible: 0, capped: 0 });
  t.strictSame(counter.total, { impossible: 5, capped: 0 }, 'a metric does not go back');
  counter.add({ impossible: 1, capped: 0 });
  t.equal(warnings.length, 2, 'once for each load');
  t.end();
});

t.test('a cap is told once and degrades nothing', (t) => {
  const warnings: string[] = [];
  const counter = new LeftOutCounter((sentence) => warnings.push(sentence));
  counter.add({ impossible: 0, capped: 21_104 });
  counter.add({ impossible: 0, capped: 5 });
  t.equal(counter.reason, null);
  t.strictSame(counter.sinceLoad, { impossible: 0, capped: 21_109 });
  t.match(warnings, [/^the model has 21104 more boxes on a picture than are looked at: the strongest count/]);
  t.equal(warnings.length, 1);
  t.end();
});
