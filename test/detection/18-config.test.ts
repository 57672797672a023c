import t from 'tap';
import { defaultDetectorConfig, defaultModelConfig } from '../../src/detection/config.js';

t.test("a detector's defaults let everything through and rank frames by models", async (t) => {
  t.match(defaultDetectorConfig(), {
    models: [],
    matchStrategy: 'most',
    frameStrategy: 'most_models',
    maxDetectionSize: null,
    pattern: '.*',
    zoneMatchStrategy: 'any_matching',
    matchPastDetections: false,
    pastDetMaxDiffArea: '5%',
    typeOverrides: {},
  });
});

t.test("a model's defaults are an object detector on the CPU", async (t) => {
  t.match(defaultModelConfig(), {
    enabled: true,
    type: 'object',
    framework: 'opencv',
    processor: 'cpu',
    minConfidence: 0.3,
    pattern: '.*',
    maxDetectionSize: null,
    preExistingLabels: [],
    allowCpuFallback: true,
    gpuRetrySeconds: 60,
  });
});

t.test('defaults are not shared between their users', async (t) => {
  t.not(defaultModelConfig(), defaultModelConfig());
  t.not(defaultDetectorConfig(), defaultDetectorConfig());
});
