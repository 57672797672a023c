import type { Box, Detection } from '../../src/detection/detection.js';

/** A person in the corner, or what the test says. */
export function detection(fields: Partial<Detection> = {}): Detection {
  return { label: 'person', confidence: 0.9, box: [0, 0, 10, 10], modelName: 'yolo', type: 'object', ...fields };
}

/** One detection a label. */
export function detections(...labels: string[]): Detection[] {
  return labels.map((label) => detection({ label }));
}

export function at(box: Box, label = 'person'): Detection {
  return detection({ label, box });
}

export function labelsOf(list: readonly Detection[]): string[] {
  return list.map(({ label }) => label);
}
