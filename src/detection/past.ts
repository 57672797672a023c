/** Past detections: a thing that is where it was the last time, such as a parked car, is not reported again. */
import type { DetectorConfig, TypeOverrides } from './config.js';
import type { Box, Detection, ModelType } from './detection.js';
import { boxArea, boxesIntersect, boxOverlap } from './geometry.js';
import { areaInPixels, areaWarning, parseArea } from './size.js';

/** What was seen the last time: a box and a label each. */
export type PastDetections = readonly { readonly box: Box; readonly label: string }[];

export interface PastOutcome {
  readonly kept: readonly Detection[];
  /** To be compared with the next time: everything that came in, also what was dropped. */
  readonly past: PastDetections;
  /** What to log. */
  readonly warnings: readonly string[];
}

export type PastConfig = Pick<
  DetectorConfig,
  | 'matchPastDetections'
  | 'pastDetMaxDiffArea'
  | 'pastDetMaxDiffAreaLabels'
  | 'ignorePastDetectionLabels'
  | 'aliases'
  | 'typeOverrides'
>;

/** Whether {@link matchPast} does anything, so that the caller can spare itself reading the state. */
export function wantsPast(config: PastConfig): boolean {
  return config.matchPastDetections || Object.values(config.typeOverrides).some((type) => type.matchPastDetections);
}

/**
 * Drops detections that have a counterpart in the past: the same label (aliases count as the same), boxes that touch,
 * and a difference in area of at most the tolerance. Unless matching is on and something was detected, nothing changes.
 *
 * A tolerance that cannot be read leaves a warning and counts as 0: only what did not move at all is old.
 */
export function matchPast(detections: readonly Detection[], past: PastDetections, config: PastConfig): PastOutcome {
  if (!wantsPast(config) || detections.length === 0) return { kept: detections, past, warnings: [] };
  const warnings = new Set<string>();
  const rules = new Map<ModelType, Rules>();
  const rulesOf = (type: ModelType): Rules => {
    const known = rules.get(type) ?? resolveRules(config, type);
    rules.set(type, known);
    return known;
  };
  const kept = detections.filter((detection) => !isOld(detection, past, rulesOf(detection.type), warnings));
  return { kept, past: detections.map(({ box, label }) => ({ box, label })), warnings: Array.from(warnings) };
}

interface Rules {
  readonly enabled: boolean;
  readonly tolerance: string;
  readonly labelTolerances: Readonly<Record<string, string>>;
  readonly ignored: ReadonlySet<string>;
  /** Label to the first label of its group. */
  readonly canonical: ReadonlyMap<string, string>;
}

function resolveRules(config: PastConfig, type: ModelType): Rules {
  const own: TypeOverrides = config.typeOverrides[type] ?? {};
  const labels = own.pastDetMaxDiffAreaLabels ?? {};
  const aliases = own.aliases ?? config.aliases;
  return {
    enabled: own.matchPastDetections ?? config.matchPastDetections,
    tolerance: own.pastDetMaxDiffArea ?? config.pastDetMaxDiffArea,
    labelTolerances: Object.keys(labels).length > 0 ? labels : config.pastDetMaxDiffAreaLabels,
    ignored: new Set(own.ignorePastDetectionLabels ?? config.ignorePastDetectionLabels),
    canonical: new Map(aliases.flatMap((group) => group.map((label) => [label, group[0] ?? label] as const))),
  };
}

function isOld({ label, box }: Detection, past: PastDetections, rules: Rules, warnings: Set<string>): boolean {
  if (!rules.enabled || rules.ignored.has(label)) return false;
  const canonical = (name: string): string => rules.canonical.get(name) ?? name;
  const tolerance = Object.hasOwn(rules.labelTolerances, label) ? rules.labelTolerances[label] : rules.tolerance;
  return past.some((old) => {
    if (canonical(old.label) !== canonical(label) || !boxesIntersect(old.box, box)) return false;
    const { difference, reference } = compare(old.box, box);
    return difference <= toleranceInPixels(tolerance ?? '', reference, warnings);
  });
}

/**
 * Square pixels. Where the new box contains the old one: by how much it grew, measured against the new one; else how
 * much of the old one it leaves free, measured against the old one.
 */
function compare(old: Box, box: Box): { difference: number; reference: number } {
  const common = boxOverlap(old, box) ?? 0;
  const [oldArea, area] = [Math.abs(boxArea(old)), Math.abs(boxArea(box))];
  const contains = oldArea > 0 && common === oldArea;
  return contains
    ? { difference: area - oldArea, reference: area }
    : { difference: oldArea - common, reference: oldArea };
}

function toleranceInPixels(text: string, reference: number, warnings: Set<string>): number {
  const area = parseArea(text);
  if (!area) warnings.add(areaWarning('past_det_max_diff_area', text));
  return area ? areaInPixels(area, Math.trunc(reference)) : 0;
}
