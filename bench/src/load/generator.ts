/** The load generator's process: takes one job after the other from its parent, and answers each with a report. */
import os from 'node:os';

import type { Job } from './job.js';
import { run } from './run.js';

// It stands for machines elsewhere: on one that is busy its clock would otherwise be read late. Needs a privilege.
try {
  os.setPriority(-10);
} catch {
  process.stderr.write(
    'the load generator runs at normal priority: latencies under full load include its own delays\n',
  );
}

process.on('message', (job: Job) => {
  run(job).then(
    (report) => process.send?.({ report }),
    (error: unknown) => process.send?.({ error: String(error) }),
  );
});
process.on('disconnect', () => process.exit(0));
