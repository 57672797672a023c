import t from 'tap';

import { defaultSettings } from '../../src/config/server-config.js';
import type { Exchange } from '../../src/server/exchange.js';
import { deadlinesOf } from '../../src/server/time-limits.js';

const { requestTimeoutSeconds, urlDeadlineSeconds } = defaultSettings();
const limits = { requestMs: requestTimeoutSeconds * 1000, urlsMs: urlDeadlineSeconds * 1000 };
const asking = (headers: Record<string, string>) => ({ arrived: 1000, request: { headers } }) as unknown as Exchange;

t.test('clients wait 60 s: who says nothing is let in as long as an answer within that can be expected', (t) => {
  t.strictSame(deadlinesOf(asking({}), limits, 'upload'), { admission: 56_000, end: 56_000 });
  t.strictSame(deadlinesOf(asking({}), limits, 'urls'), { admission: 51_000, end: 56_000 });
  t.end();
});

t.test('who says how long it waits is let in when it can be served within that, whatever it sends', (t) => {
  for (const kind of ['upload', 'urls'] as const) {
    for (const ms of [1, 57_000, 120_000]) {
      const wanted = { admission: 1000 + ms, end: 1000 + ms };
      t.strictSame(deadlinesOf(asking({ 'x-deadline-ms': String(ms) }), limits, kind), wanted);
    }
  }
  t.end();
});
