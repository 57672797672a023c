import t from 'tap';

import { batchSizes, parseSeries, stageMs } from '../../bench/src/metrics.js';

const before = parseSeries(`# HELP zmdetect_stage_duration_seconds Time of a picture in one stage.
# TYPE zmdetect_stage_duration_seconds histogram
zmdetect_stage_duration_seconds_bucket{le="0.1",stage="infer"} 10
zmdetect_stage_duration_seconds_sum{stage="infer"} 1
zmdetect_stage_duration_seconds_count{stage="infer"} 10
zmdetect_batch_size_bucket{le="1",model="yard"} 5
zmdetect_batch_size_bucket{le="2",model="yard"} 5
zmdetect_batch_size_bucket{le="+Inf",model="yard"} 5
`);
const after = parseSeries(`zmdetect_stage_duration_seconds_sum{stage="infer"} 2.5
zmdetect_stage_duration_seconds_count{stage="infer"} 20
zmdetect_stage_duration_seconds_sum{stage="encode"} 0
zmdetect_stage_duration_seconds_count{stage="encode"} 0
zmdetect_batch_size_bucket{le="1",model="yard"} 6
zmdetect_batch_size_bucket{le="2",model="yard"} 10
zmdetect_batch_size_bucket{le="+Inf",model="yard"} 12
zmdetect_batch_size_bucket{le="1",model="gate"} 1
zmdetect_batch_size_bucket{le="2",model="gate"} 1
zmdetect_batch_size_bucket{le="+Inf",model="gate"} 1
`);

t.test('a stage takes what its sum has grown by, for each time it has run', async (t) => {
  t.strictSame(stageMs(before, after), { infer: 150 });
});

t.test('batch sizes are what the buckets have grown by, over all models', async (t) => {
  t.strictSame(batchSizes(before, after), { 1: 2, 2: 4, '+Inf': 2 });
});
