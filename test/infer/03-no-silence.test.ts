/** When a model gives no answer, an empty list must not pass for an empty picture (wire generations, 10.5, rule 14). */
import { pino } from 'pino';
import t from 'tap';

import { defaultDetectorConfig, defaultModelConfig } from '../../src/detection/config.js';
import { Engine } from '../../src/engine/engine.js';
import { type ErrorCode, ZmdetectError } from '../../src/errors.js';
import type { RegisteredModel } from '../../src/models/registry.js';
import { FrameAnalyser } from '../../src/pipeline/analyser.js';
import { detections, labelsOf } from '../support/detections.js';
import { picture } from '../support/shapes.js';

/** A model that sees a person everywhere, or fails with that code. */
function model(failure?: ErrorCode): RegisteredModel {
  const detect = () =>
    failure === undefined
      ? Promise.resolve({ detections: detections('person'), times: {} })
      : Promise.reject(new ZmdetectError(failure, { reason: 'a test' }));
  return {
    spec: { name: failure ?? 'good', config: defaultModelConfig() },
    loaded: true,
    detect,
  } as unknown as RegisteredModel;
}

t.test('one picture, several models', async (t) => {
  const engine = new Engine();
  t.teardown(() => engine.close());
  const look = (...models: readonly RegisteredModel[]) =>
    new FrameAnalyser(engine, { models, active: models }, defaultDetectorConfig()).analyse(picture('shapes-03').bytes, {
      log: pino({ level: 'silent' }),
      signal: new AbortController().signal,
      stages: {},
    });

  t.same(labelsOf((await look(model())).detections), ['person']);
  for (const code of ['INFERENCE_FAILED', 'DEVICE_UNAVAILABLE', 'OUT_OF_MEMORY', 'QUEUE_FULL'] as const) {
    await t.rejects(look(model(), model(code)), { code }, `${code}: the other model's answer is not the whole answer`);
  }
  for (const code of ['MODEL_UNREADABLE', 'MODEL_LABELS_MISSING', 'BACKEND_UNAVAILABLE'] as const) {
    const { detections: found } = await look(model(code), model());
    t.same(labelsOf(found), ['person'], `${code}: a file that this host cannot run is passed over`);
    await t.rejects(look(model(code)), { code }, `${code}: unless there is nothing else`);
  }
});
