/** The one line that ZoneMinder's event server reads from a hook: `[s] detected:person:97% car:80% --SPLIT--{...}`. */
import { percentOf } from '../client/percent.js';
import type { ResultJson } from '../detection/wire.js';
import { plainLine } from '../plain-line.js';
import { Float, pythonJson, type PythonValue } from './python-json.js';

export interface LineOptions {
  readonly showPercent: boolean;
  readonly showModels: boolean;
  /** `[s]` for the snapshot, `[a]` for the alarmed frame, `[x]` for any other. */
  readonly showFrameType: boolean;
}

/** The keys that hooks have always handed on. */
export type Objects = Pick<ResultJson, 'labels' | 'boxes' | 'frame_id' | 'confidences'> & {
  /** Height first; `resized` only where the frame was made smaller. */
  readonly image_dimensions:
    | { readonly original: readonly number[]; readonly resized: readonly number[] | null }
    | Readonly<Record<string, never>>;
};

/** What goes into the notes and in front of the split. Of each label only the first, which is the surest, is named. */
export function prediction(result: ResultJson, options: LineOptions): string {
  const { labels, confidences, model_names: models, frame_id: frame } = result;
  const said = new Set<string>();
  const words = labels.map((label, index) => {
    if (said.has(label)) return '';
    said.add(label);
    const model = options.showModels ? `(${plainLine(models[index] ?? '')}) ` : '';
    return `${model}${plainLine(label)}${options.showPercent ? `:${percentOf(confidences[index] ?? 0)}% ` : ','}`;
  });
  const type = frame === 'snapshot' ? '[s] ' : frame === 'alarm' ? '[a] ' : '[x] ';
  return `${options.showFrameType ? type : ''}detected:${words.join('').replace(/,+$/, '')}`;
}

/** The same text stands in `objects.json`. */
export function objectsJson(objects: Objects): string {
  const { labels, boxes, frame_id, confidences, image_dimensions } = objects;
  return pythonJson({
    labels: labels.map(plainLine),
    boxes: boxes as readonly PythonValue[],
    frame_id: frame_id === null ? null : plainLine(frame_id),
    confidences: confidences.map((confidence) => new Float(confidence)),
    image_dimensions,
  });
}
