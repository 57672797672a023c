/** A `.tflite` on the CPU by the daemon's own flags, without a detector_config. */
import t from 'tap';

import { loadServerConfig } from '../../src/config/load.js';
import { startDaemon } from '../support/daemon.js';
import { shared } from '../support/shared.js';

const models = shared('models');
const note = shared('models/coral_note/note_ssd_fpnlite_320_quant.tflite').path;

t.test('--processor cpu runs it, and without the flag it wants the TPU', { skip: models.skip }, async (t) => {
  const { config } = await loadServerConfig(['--processor', 'cpu', '--models', note], '0.0.0');
  t.equal(config.processorGiven, true);
  const daemon = await startDaemon(t, { models: [note], processor: 'cpu' });
  t.match((await daemon.get('/models')).json, {
    models: [
      {
        name: 'note_ssd_fpnlite_320_quant',
        framework: 'coral_edgetpu',
        state: 'ready',
        processor: 'cpu',
        requested_processor: 'cpu',
        runtime: /^TensorFlow Lite /,
        layout: 'ssd',
        input: [320, 320],
      },
    ],
  });
  const without = await startDaemon(t, { models: [note] });
  t.match((await without.get('/models')).json, { models: [{ state: 'failed', requested_processor: 'tpu' }] });
});

t.test('one that is compiled for the Edge TPU says so', { skip: models.skip }, async (t) => {
  const compiled = shared('models/coral_note/note_ssd_fpnlite_320_quant_edgetpu.tflite').path;
  const daemon = await startDaemon(t, { models: [compiled], processor: 'cpu' });
  t.match((await daemon.get('/models')).json, {
    models: [{ state: 'failed', error: /is compiled for the Edge TPU and runs on nothing else/ }],
  });
});
