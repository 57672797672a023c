/** Results as text: the table, the sentences about one model, and the models that miss a target. */
import { misses, summarise, type Summary, surely } from './compare.js';
import { exceptionOf } from './exceptions.js';
import { tolerances } from './models.js';
import type { ModelResult } from './results.js';

/** `explained`: every target is met without the pictures of the exception, not with them. */
export type State = 'pass' | 'explained' | 'miss' | 'not compared';

export function stateOf(result: ModelResult): State {
  if (faultOf(result) !== undefined) return 'not compared';
  if (missed(result).length === 0) return 'pass';
  return missed(withoutException(result)).length === 0 ? 'explained' : 'miss';
}

function withoutException(result: ModelResult): ModelResult {
  const exempt = exceptionOf(result)?.pictures ?? [];
  return { ...result, pictures: result.pictures.filter(({ picture }) => !exempt.includes(picture)) };
}

export function nameOf({ file, emptyFirst }: ModelResult): string {
  return emptyFirst ? `\`${file}\` after an empty picture` : `\`${file}\``;
}

/** Why there is nothing to compare, or undefined. */
export function faultOf({ referenceFault, oursFault }: ModelResult): string | undefined {
  const faults = [
    ...(referenceFault === undefined ? [] : [`the reference cannot run it: ${referenceFault}`]),
    ...(oursFault === undefined ? [] : [`zmdetect cannot run it: ${oursFault}`]),
  ];
  return faults.length === 0 ? undefined : faults.join('; ');
}

/** A Markdown table, one row for each model. */
export function table(models: readonly ModelResult[]): string {
  const head = [
    'Model',
    'Precision',
    `Same labels >= ${surely}`,
    'Identical boxes',
    'Max box difference',
    'Max confidence difference',
    'Result',
  ];
  const rows = models.map((result) => {
    const cells = faultOf(result) === undefined ? numbers(summaryOf(result)) : ['-', '-', '-', '-'];
    return [nameOf(result), result.precision, ...cells, stateOf(result)];
  });
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function numbers({ pictures, sameLabels, pairs, identicalBoxes, maxPixels, maxConfidence }: Summary): string[] {
  const percent = pairs === 0 ? '-' : `${((100 * identicalBoxes) / pairs).toFixed(2)} %`;
  return [
    `${sameLabels} of ${pictures}`,
    `${identicalBoxes} of ${pairs} (${percent})`,
    `${maxPixels} px`,
    maxConfidence.toExponential(1),
  ];
}

/** Everything about one model that is not the same. */
export function modelText(result: ModelResult): string {
  const fault = faultOf(result);
  const lines = fault === undefined ? summaryOf(result).differences : [fault];
  return [`${nameOf(result)}: ${stateOf(result)}`, ...lines.map((line) => `  ${line}`)].join('\n');
}

/** One sentence for each model that was compared and misses a target. */
export function failures(models: readonly ModelResult[]): string[] {
  return models
    .filter((result) => stateOf(result) === 'miss')
    .map((result) => `${nameOf(result)}: ${missed(withoutException(result)).join('; ')}`);
}

export function summaryOf({ pictures, precision }: ModelResult): Summary {
  return summarise(pictures, tolerances[precision]);
}

function missed(result: ModelResult): string[] {
  return misses(summaryOf(result), tolerances[result.precision]);
}
