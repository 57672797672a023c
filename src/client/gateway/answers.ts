/** What detection servers answer, read with the same leniency as the clients that they were made for. */
import { modelTypes } from '../../detection/config.js';
import type { Box, Detection, ModelType, Size } from '../../detection/detection.js';
import { limits } from '../../limits.js';
import { plainLine } from '../../plain-line.js';
import { isObject } from './connection.js';

/** One frame as a server gives it. */
export interface RawFrame {
  readonly detections: readonly Detection[];
  /** undefined where the server does not say. */
  readonly size: Size | undefined;
}

/** Thrown for an answer that has another shape; `message` says what is wrong with it. */
export class AnswerFault extends Error {}

/** Each may be missing; a result without any of them is none. */
const resultKeys = ['labels', 'boxes', 'confidences'] as const;

/** The result object of `/detect`: parallel arrays. */
export function readResult(reply: unknown): RawFrame {
  if (!isObject(reply)) throw new AnswerFault('expected an object');
  if (!resultKeys.some((key) => key in reply)) throw new AnswerFault(`expected ${resultKeys.join(', ')}`);
  const labels = listOf(reply, 'labels');
  const boxes = listOf(reply, 'boxes');
  const confidences = listOf(reply, 'confidences');
  const names = listOf(reply, 'model_names');
  const types = listOf(reply, 'detection_types');
  const detections = labels.map((label, i) => ({
    label: labelOf(label, `labels[${i}]`),
    confidence: confidences[i] === undefined ? 0 : numberOf(confidences[i], `confidences[${i}]`),
    box: boxOf(boxes[i], `boxes[${i}]`),
    modelName: nameOf(names[i], ''),
    type: typeOf(types[i]),
  }));
  return { detections, size: sizeOf(reply.image_dimensions) };
}

/**
 * The reply of `/detect_urls` to a request for one frame; undefined: the server could not fetch or decode it. The first
 * generation answers with one result, whose `frame_id` is null without a frame, later ones with a list.
 */
export function readUrlsReply(reply: unknown): RawFrame | undefined {
  if (!isObject(reply)) throw new AnswerFault('expected an object');
  if ('results' in reply) {
    const [first] = listOf(reply, 'results');
    return first === undefined ? undefined : readResult(first);
  }
  return reply.frame_id === null ? undefined : readResult(reply);
}

/** The reply of `/infer`: the detections, or the server's reason for having none. */
export function readInferReply(reply: unknown, modelName: string): readonly Detection[] | string {
  if (!isObject(reply)) throw new AnswerFault('expected an object');
  const { error } = reply;
  if (error !== undefined && error !== null && error !== '') {
    return plainLine(typeof error === 'string' ? error : JSON.stringify(error));
  }
  if (!('detections' in reply)) throw new AnswerFault('expected detections or an error');
  return listOf(reply, 'detections').map((item, i) => {
    const name = `detections[${i}]`;
    if (!isObject(item)) throw new AnswerFault(`expected an object for ${name}`);
    const confidence = typeof item.confidence === 'string' ? Number(item.confidence) : item.confidence;
    return {
      label: labelOf(item.label, `${name}.label`),
      confidence: numberOf(confidence, `${name}.confidence`),
      box: boxOf(item.box, `${name}.box`),
      modelName: nameOf(item.model_name, modelName),
      type: typeOf(item.type),
    };
  });
}

export interface PublishedModel {
  readonly name: string;
  readonly type: ModelType;
}

/** The reply of `/models`; rows without a name are passed over. */
export function readModelsReply(reply: unknown): readonly PublishedModel[] {
  const rows = isObject(reply) && Array.isArray(reply.models) ? (reply.models as unknown[]) : [];
  return rows.flatMap((row) =>
    isObject(row) && typeof row.name === 'string' ? [{ name: row.name, type: typeOf(row.type) }] : [],
  );
}

function listOf(reply: Readonly<Record<string, unknown>>, key: string): readonly unknown[] {
  const value = reply[key] ?? (key in reply ? null : []);
  if (!Array.isArray(value)) throw new AnswerFault(`expected a list for ${key}`);
  const most = limits.gatewayEntries.value;
  if (value.length > most) throw new AnswerFault(`expected at most ${most} entries for ${key}, got ${value.length}`);
  return value as unknown[];
}

function labelOf(value: unknown, name: string): string {
  if (typeof value !== 'string') throw new AnswerFault(`expected text for ${name}`);
  const most = limits.gatewayNameCharacters.value;
  if (value.length > most)
    throw new AnswerFault(`expected at most ${most} characters for ${name}, got ${value.length}`);
  return plainLine(value);
}

function nameOf(value: unknown, absent: string): string {
  const isName = typeof value === 'string' && value !== '' && value.length <= limits.gatewayNameCharacters.value;
  return isName ? plainLine(value) : absent;
}

function numberOf(value: unknown, name: string): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new AnswerFault(`expected a number for ${name}`);
  return value;
}

function boxOf(value: unknown, name: string): Box {
  if (!Array.isArray(value) || value.length !== 4) throw new AnswerFault(`expected four numbers for ${name}`);
  const [x1, y1, x2, y2] = value.map((side) => numberOf(side, name)) as [number, number, number, number];
  return [x1, y1, x2, y2];
}

function typeOf(value: unknown): ModelType {
  return modelTypes.find((type) => type === value) ?? 'object';
}

/** `original` is [height, width]. */
function sizeOf(dimensions: unknown): Size | undefined {
  const original = isObject(dimensions) ? dimensions.original : undefined;
  if (!Array.isArray(original)) return undefined;
  const [height, width] = original as unknown[];
  return typeof height === 'number' && typeof width === 'number' && height > 0 && width > 0
    ? { width, height }
    : undefined;
}
