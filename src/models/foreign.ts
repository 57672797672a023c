/** Models of programs that this server does not run, and how each becomes one that it does. */
import { parse } from 'node:path';

interface Foreign {
  readonly what: string;
  /** The rest of a sentence: what to do. */
  readonly remedy: (path: string) => string;
}

const ultralytics = (path: string): string =>
  `export it to ONNX where it was trained (for Ultralytics: yolo export model=${parse(path).base} format=onnx)`;
const torch = { what: 'a PyTorch checkpoint', remedy: ultralytics };
const tensorrt = {
  what: 'a TensorRT engine',
  remedy: () => 'use the ONNX file that it was built from, with tensorrt: fp16 where TensorRT is to run it',
};
const tensorflow = {
  what: 'a TensorFlow model',
  remedy: (path: string) =>
    `convert it to ONNX (python -m tf2onnx.convert --graphdef ${parse(path).base} --output model.onnx)`,
};
const keras = { what: 'a Keras model', remedy: () => 'convert it to ONNX with tf2onnx, or to TensorFlow Lite' };
const original = { remedy: () => 'use the ONNX file that it was made from' };

const byExtension: Readonly<Record<string, Foreign>> = {
  '.pt': torch,
  '.pth': torch,
  '.ckpt': torch,
  '.torchscript': torch,
  '.safetensors': { what: 'a file of bare weights', remedy: ultralytics },
  '.engine': tensorrt,
  '.trt': tensorrt,
  '.plan': tensorrt,
  '.mlmodel': { what: 'a Core ML model', ...original },
  '.mlpackage': { what: 'a Core ML model', ...original },
  '.xml': { what: 'an OpenVINO model', ...original },
  '.pb': tensorflow,
  '.h5': keras,
  '.keras': keras,
  '.caffemodel': { what: 'a Caffe model', remedy: () => 'convert it to ONNX' },
  '.param': { what: 'an ncnn model', ...original },
  '.rknn': { what: 'a Rockchip model', ...original },
  '.hef': { what: 'a Hailo model', ...original },
};

function foreignOf(path: string): Foreign | undefined {
  return byExtension[parse(path).ext.toLowerCase()];
}

export function isForeign(path: string): boolean {
  return foreignOf(path) !== undefined;
}

/** Empty for a file whose extension names no such model. */
export function foreignSentence(path: string): string {
  const foreign = foreignOf(path);
  return foreign === undefined ? '' : `${path} is ${foreign.what}, which is not run here: ${foreign.remedy(path)}`;
}
