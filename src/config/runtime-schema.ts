/** The keys that say how the runtimes are to run the models, of the server and of a model entry. */
import { z } from 'zod';
import {
  darknetEngines,
  int8Precisions,
  type RuntimeChoices,
  type RuntimeOverrides,
  tensorrtModes,
} from '../detection/runtime.js';
import { choice, type Field, flag, integer, nullable, type Shape, text } from './fields.js';

/** YAML reads a bare `on` or `off` as yes or no. */
const tensorrt: Field<RuntimeChoices['tensorrt']> = z.preprocess(
  (value) => (value === true ? 'fp32' : value === false ? 'off' : value),
  choice(tensorrtModes),
);

export const runtimeShape: Shape<RuntimeChoices> = {
  darknetEngine: choice(darknetEngines),
  gpuDevice: integer({ min: 0, max: 127 }),
  gpuMemoryLimitBytes: integer({ min: 0, max: 2 ** 40 }),
  tensorrt,
  tensorrtCache: text,
  cudaGraph: flag,
  int8Precision: choice(int8Precisions),
};

export const runtimeOverridesShape: Shape<RuntimeOverrides> = {
  darknetEngine: nullable(runtimeShape.darknetEngine),
  gpuDevice: nullable(runtimeShape.gpuDevice),
  gpuMemoryLimitBytes: nullable(runtimeShape.gpuMemoryLimitBytes),
  tensorrt: nullable(runtimeShape.tensorrt),
  tensorrtCache: nullable(runtimeShape.tensorrtCache),
  cudaGraph: nullable(runtimeShape.cudaGraph),
  int8Precision: nullable(runtimeShape.int8Precision),
};
