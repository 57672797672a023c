import t from 'tap';

import { checkServerConfig } from '../../src/config/server-config.js';
import { chosen, defaultRuntimeChoices, noRuntimeOverrides } from '../../src/detection/runtime.js';
import { problems } from '../support/config-problems.js';

t.test('a bare on or off, which YAML reads as yes or no, is a word of tensorrt', async (t) => {
  for (const [given, mode] of [
    [true, 'fp32'],
    [false, 'off'],
    ['off', 'off'],
    ['fp32', 'fp32'],
    ['fp16', 'fp16'],
  ] as const) {
    t.equal(checkServerConfig({ tensorrt: given }).config.tensorrt, mode, String(given));
  }
});

t.test('what cannot be is refused with what could', async (t) => {
  for (const [raw, sentence] of [
    [{ darknet_engine: 'opncv' }, 'expected "auto", "opencv" or "onnxruntime" for darknet_engine, got "opncv"'],
    [{ gpu_device: -1 }, 'expected a whole number from 0 to 127 for gpu_device, got -1'],
    [{ gpu_memory_limit_bytes: '2GB' }, 'for gpu_memory_limit_bytes, got "2GB"'],
    [{ tensorrt: 'int8' }, 'expected "off", "fp32" or "fp16" for tensorrt, got "int8"'],
    [{ cuda_graph: 'maybe' }, 'expected yes or no for cuda_graph, got "maybe"'],
    [{ cuda_graph: true, instances: 2 }, 'expected 1 for instances with cuda_graph, got 2'],
    [
      { detector_config: { models: [{ darknet_engine: 'darknet' }] } },
      'for detector_config.models[0].darknet_engine, got "darknet"',
    ],
  ] as const) {
    const [first = '', ...others] = problems(raw);
    t.ok(first.includes(sentence), first);
    t.strictSame(others, []);
  }
});

t.test('a misspelt key gets the right one', async (t) => {
  const { warnings } = checkServerConfig({ darknet_egine: 'opencv', gpu_memory_limit: 1 });
  t.match(warnings, [/did you mean darknet_engine\?/]);
});

t.test("a model's own choice comes before the server's", async (t) => {
  const server = { ...defaultRuntimeChoices(), gpuDevice: 1, tensorrt: 'fp16' } as const;
  t.strictSame(chosen(noRuntimeOverrides(), server), server);
  t.strictSame(chosen({ ...noRuntimeOverrides(), gpuDevice: 0, cudaGraph: true }, server), {
    ...server,
    gpuDevice: 0,
    cudaGraph: true,
  });
});
