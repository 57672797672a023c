/** The engine's numbers as detections. */
import type { Detection } from '../detection/detection.js';
import type { DetectOutput } from '../engine/native.js';

export function detectionsOf(output: DetectOutput, labels: readonly string[], modelName: string): Detection[] {
  const { boxes, scores, classes } = output;
  return Array.from(classes, (id, i) => ({
    label: labels[id] ?? String(id),
    confidence: scores[i] ?? 0,
    box: [boxes[4 * i] ?? 0, boxes[4 * i + 1] ?? 0, boxes[4 * i + 2] ?? 0, boxes[4 * i + 3] ?? 0],
    modelName,
    // Fixed by the backend, whatever type is configured (contract 2.7).
    type: 'object',
  }));
}
