/** How alike two answers to the same pictures are: pure, on what the wire gave. */

/** Label, confidence, and corners in whole pixels. */
export type Row = readonly [label: string, confidence: number, x1: number, y1: number, x2: number, y2: number];

/** Both answers to one picture, in the order of the wire. */
export interface PictureRows {
  readonly picture: string;
  readonly reference: readonly Row[];
  readonly ours: readonly Row[];
}

/** What may differ. */
export interface Tolerance {
  /** Share of the pictures, 0..1, whose labels must be the same. */
  readonly sameLabels: number;
  /** Share of the boxes, 0..1, that must be the same four integers. */
  readonly identicalBoxes: number;
  /** Most pixels between two sides of the other boxes. */
  readonly pixels: number;
  readonly confidence: number;
  /** Boxes off by more are named one by one. */
  readonly quietPixels: number;
}

export interface Summary {
  readonly pictures: number;
  /** Pictures whose lists of labels at or above `surely` are the same, in the same order. */
  readonly sameLabels: number;
  /** Detections of one side that the other side has too. */
  readonly pairs: number;
  readonly identicalBoxes: number;
  readonly maxPixels: number;
  readonly maxConfidence: number;
  /** One sentence for each thing that is not the same, beyond `quietPixels` and the confidence's tolerance. */
  readonly differences: readonly string[];
}

/** Below it a detection may be there for one side only: the servers' own threshold of 0.3 cuts through the noise. */
export const surely = 0.35;

/** Two boxes with less in common are two objects. */
const sameObject = 0.5;

export function summarise(pictures: readonly PictureRows[], tolerance: Tolerance): Summary {
  const differences: string[] = [];
  let [sameLabels, count, identicalBoxes, maxPixels, maxConfidence] = [0, 0, 0, 0, 0];
  for (const { picture, reference, ours } of pictures) {
    const say = (text: string) => differences.push(`${picture}: ${text}`);
    const [expected, found] = [sureLabels(reference), sureLabels(ours)];
    if (expected.join('\n') === found.join('\n')) sameLabels += 1;
    else say(`labels ${expected.join(', ') || 'none'}; ours ${found.join(', ') || 'none'}`);

    const { pairs, lone } = pair(reference, ours);
    for (const [theirs, our] of pairs) {
      const [pixels, confidence] = [pixelsApart(theirs, our), Math.abs(theirs[1] - our[1])];
      count += 1;
      if (pixels === 0) identicalBoxes += 1;
      if (pixels > tolerance.quietPixels) say(`box off by ${pixels} px, ${text(theirs)}; ours ${text(our)}`);
      if (confidence > tolerance.confidence) say(`confidence off by ${confidence.toExponential(1)}, ${text(theirs)}`);
      maxPixels = Math.max(maxPixels, pixels);
      maxConfidence = Math.max(maxConfidence, confidence);
    }
    for (const row of lone) say(`${reference.includes(row) ? 'only the reference has' : 'only we have'} ${text(row)}`);
  }
  return { pictures: pictures.length, sameLabels, pairs: count, identicalBoxes, maxPixels, maxConfidence, differences };
}

/** Which targets a model misses; none: it passes. */
export function misses(summary: Summary, tolerance: Tolerance): string[] {
  const { pictures, sameLabels, pairs, identicalBoxes, maxPixels, maxConfidence } = summary;
  const missed: string[] = [];
  // A model that finds nothing anywhere proves nothing.
  if (pairs === 0) missed.push('no detection to compare');
  if (sameLabels < tolerance.sameLabels * pictures)
    missed.push(`labels of ${pictures - sameLabels} of ${pictures} pictures`);
  if (identicalBoxes < tolerance.identicalBoxes * pairs) missed.push(`${pairs - identicalBoxes} of ${pairs} boxes`);
  if (maxPixels > tolerance.pixels) missed.push(`a box off by ${maxPixels} px`);
  if (maxConfidence > tolerance.confidence) missed.push(`a confidence off by ${maxConfidence.toExponential(1)}`);
  return missed;
}

/** Each detection with its like in the other list, the nearest first; `lone` are those without. */
function pair(reference: readonly Row[], ours: readonly Row[]) {
  const candidates = reference
    .flatMap((theirs) => ours.map((our) => [theirs, our] as const))
    .filter(([theirs, our]) => theirs[0] === our[0] && iou(theirs, our) >= sameObject)
    .sort((a, b) => pixelsApart(...a) - pixelsApart(...b));
  const taken = new Set<Row>();
  const pairs = candidates.filter(([theirs, our]) => {
    if (taken.has(theirs) || taken.has(our)) return false;
    taken.add(theirs).add(our);
    return true;
  });
  return { pairs, lone: [...reference, ...ours].filter((row) => !taken.has(row)) };
}

function sureLabels(rows: readonly Row[]): string[] {
  return rows.filter(([, confidence]) => confidence >= surely).map(([label]) => label);
}

function pixelsApart(a: Row, b: Row): number {
  const [, , ...p] = a;
  const [, , ...q] = b;
  return Math.max(...p.map((side, i) => Math.abs(side - (q[i] ?? 0))));
}

function iou([, , ...a]: Row, [, , ...b]: Row): number {
  const area = ([x1, y1, x2, y2]: readonly [number, number, number, number]) =>
    Math.max(0, x2 - x1) * Math.max(0, y2 - y1);
  const common = area([Math.max(a[0], b[0]), Math.max(a[1], b[1]), Math.min(a[2], b[2]), Math.min(a[3], b[3])]);
  const union = area(a) + area(b) - common;
  // Two boxes of no area, which a sliver of an object can have, are alike where they are the same.
  return union === 0 ? Number(a.join() === b.join()) : common / union;
}

function text([label, confidence, ...box]: Row): string {
  return `${label} ${confidence.toFixed(4)} [${box.join(', ')}]`;
}
