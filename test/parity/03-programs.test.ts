import t from 'tap';

import { faultInJson, faultInTraceback } from './programs.js';

t.test('the reason of a Python failure is the end of its first traceback', async (t) => {
  const log = `2026-01-01 10:00:00,000 pyzm.ml INFO loading
2026-01-01 10:00:01,000 pyzm.ml ERROR Error loading model m
Traceback (most recent call last):
  File "pipeline.py", line 1, in load
    backend.load()
cv2.error: OpenCV(4.14.0) error: (-2:Unspecified error) in function 'handleNode'
> Node [ConvInteger]: parse error
2026-01-01 10:00:02,000 pyzm.ml ERROR Error running m
Traceback (most recent call last):
  File "other.py", line 1
ValueError: later
`;
  t.equal(
    faultInTraceback(log),
    "cv2.error: OpenCV(4.14.0) error: (-2:Unspecified error) in function 'handleNode' > Node [ConvInteger]: parse error",
  );
});

t.test('a log without a traceback has no fault', async (t) => {
  t.equal(faultInTraceback('2026-01-01 10:00:00,000 pyzm.ml INFO loading\n'), undefined);
});

t.test('our reason is that of the first error', async (t) => {
  const log = `{"level":"info","msg":"listening"}
{"level":"error","model":"m","reason":"no backend","msg":"model failed to load"}
{"level":"error","msg":"none of the configured models could be loaded"}
`;
  t.equal(faultInJson(log), 'no backend');
  t.equal(faultInJson('{"level":"info","msg":"listening"}\n'), undefined);
});
