/**
 * Differences that are understood and are not ours to mend. They are counted and shown like any other; only the verdict
 * is made without their pictures. A picture that is not named here has no excuse.
 */
import type { Precision } from './models.js';
import type { ModelResult } from './results.js';

interface Exception {
  readonly file: string;
  readonly pictures: readonly string[];
  readonly cause: string;
}

const exceptions: readonly Exception[] = [
  {
    file: 'ultralytics/yolo26n.onnx',
    pictures: ['coco_075612.jpg', 'coco_574315.jpg', 'driveway_person_car.jpg'],
    cause:
      'OpenCV computes `index / 80` in the last layers in floating point and rounds it, where ONNX says integer ' +
      'division: a detection whose class id is 40 or more gets the box of the next one.',
  },
];

/** The exception that a model's result has, if any. After an empty picture the reference does not use those layers. */
export function exceptionOf({ file, emptyFirst }: ModelResult): Exception | undefined {
  return emptyFirst ? undefined : exceptions.find((exception) => exception.file === file);
}

const usual: Readonly<Record<Precision, string>> = {
  float32:
    'The same sums in another order differ in the last bits, and a corner near half a pixel rounds the other way.',
  float16: 'The file computes with 11 bits; the reference widens it to float32 first. See "Tolerances".',
  int8: 'Values are rounded to 256 steps at each layer, and the two round at different places. See "Tolerances".',
};

/** Why a result has the differences that it has. */
export function causeOf(result: ModelResult): string {
  return exceptionOf(result)?.cause ?? usual[result.precision];
}
