import { join } from 'node:path';
import t from 'tap';
import { defaultDetectorConfig, defaultModelConfig } from '../../src/detection/config.js';
import { find, tree } from './find.js';

t.test('what the server says about the GPU goes into every model', async (t) => {
  const usual = (await find(tree(t), ['yolo11n'])).specs[0]?.config;
  t.match(usual, { allowCpuFallback: true, gpuRetrySeconds: 60 });
  const strict = (
    await find(tree(t), ['yolo11n'], {
      allowCpuFallback: false,
      gpuRetrySeconds: 0,
    })
  ).specs[0]?.config;
  t.match(strict, { allowCpuFallback: false, gpuRetrySeconds: 0 });
});

t.test('a detector_config is used alone, in its order, without the disabled entries', async (t) => {
  const base = tree(t);
  const entry = defaultModelConfig();
  const detectorConfig = {
    ...defaultDetectorConfig(),
    models: [
      {
        ...entry,
        name: 'Yard',
        weights: join(base, 'yolov4', 'yolov4.weights'),
        type: 'face' as const,
        gpuRetrySeconds: 5,
      },
      { ...entry, name: 'off', enabled: false },
      { ...entry, framework: 'face_dlib', processor: 'gpu' as const },
      {
        ...entry,
        name: 'own',
        weights: join(base, 'yolov4', 'yolov4.weights'),
        config: '/c.cfg',
        labels: '/l.names',
      },
    ],
  };
  const { specs, warnings } = await find(base, ['yolo11n'], {
    detectorConfig,
    processor: 'tpu',
    allowCpuFallback: false,
  });
  t.match(specs, [
    {
      name: 'Yard',
      requestedName: 'Yard',
      type: 'face',
      processor: 'cpu',
      configPath: /yolov4\/yolov4\.cfg$/,
      labelsPath: /coco\.names$/,
      labelsConfigured: false,
      lazy: false,
      config: { gpuRetrySeconds: 5, allowCpuFallback: false },
    },
    {
      name: 'face_dlib',
      config: { name: '' },
      processor: 'gpu',
      weightsPath: null,
    },
    {
      name: 'own',
      configPath: '/c.cfg',
      labelsPath: '/l.names',
      labelsConfigured: true,
    },
  ]);
  t.equal(specs.length, 3);
  t.strictSame(warnings, []);
  t.strictSame(
    (
      await find(base, ['yolo11n'], {
        detectorConfig: defaultDetectorConfig(),
      })
    ).specs,
    [],
  );
});
