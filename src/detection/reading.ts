/** How a model is fed and read, where its file does not say so itself or says it wrong. */

/** Names of the engine's table of layouts (native/postprocess/layout.cc). */
export const layouts = [
  'yolov8',
  'yolov5',
  'yolov6',
  'yolox',
  'yolox-decoded',
  'yolov4',
  'yolo-nas',
  'damo-yolo',
  'end2end',
  'yolov7-end2end',
  'flat',
  'nms',
  'rtdetr',
  'detr',
  'detr-softmax',
  'detr-finished',
  'ssd-priors',
  'tf-ssd',
  'torchvision',
  'efficientdet',
  'efficientdet-xy',
  'efficientdet-size',
  'detection-output',
  'rtmdet',
  'rtmdet-heads',
  'nanodet',
  'darknet',
] as const;

/** What the numbers of a box count: parts of the input's side, or its pixels. */
export const boxUnits = ['normalised', 'pixels'] as const;
/** The order of the colours in the input. */
export const colours = ['rgb', 'bgr'] as const;
/** What the bytes of a picture become; `imagenet`: 0..1, less ImageNet's mean, divided by its deviation. */
export const scales = ['0..1', '0..255', '-1..1', 'imagenet'] as const;
/** How the picture's shape is fitted to the input's. */
export const fits = ['letterbox', 'top_left', 'stretch'] as const;

/** null: as the file and its family say. */
export interface ModelReading {
  readonly layout: (typeof layouts)[number] | null;
  readonly boxes: (typeof boxUnits)[number] | null;
  readonly colour: (typeof colours)[number] | null;
  readonly scale: (typeof scales)[number] | null;
  readonly fit: (typeof fits)[number] | null;
}

export function readAsTheFileSays(): ModelReading {
  return { layout: null, boxes: null, colour: null, scale: null, fit: null };
}
