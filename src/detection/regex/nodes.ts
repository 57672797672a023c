/** The syntax tree of a regular expression. Code points are numbers; flags are already folded into the nodes. */

/** A run of code points, both ends included. */
export interface PointRange {
  readonly from: number;
  readonly to: number;
}

/** One of Python's classes: decimal digits, word characters, space. */
export interface Category {
  readonly category: 'd' | 'w' | 's';
  readonly negated: boolean;
  readonly ascii: boolean;
}

export type SetItem = PointRange | Category;

/** Whether upper and lower case are one: of all letters, or of ASCII's only. */
export type CaseRule = 'exact' | 'ignore' | 'ignoreAscii';

/** Places without width. `lastLineEnd` is Python's `$`: at the end, or before a line break that ends the text. */
export type Edge = 'textStart' | 'textEnd' | 'lineStart' | 'lineEnd' | 'lastLineEnd' | 'word' | 'notWord';

/** How many code points a node can match: fewest and most. Look-behind demands that the two agree. */
export type Width = readonly [min: number, max: number];

export interface SetNode {
  readonly kind: 'set';
  /** Ascending; they neither overlap nor touch. */
  readonly ranges: readonly PointRange[];
  readonly categories: readonly Category[];
  readonly negated: boolean;
  readonly letterCase: CaseRule;
}

export type Node = (
  | SetNode
  | { readonly kind: 'edge'; readonly edge: Edge; readonly ascii: boolean }
  | { readonly kind: 'sequence'; readonly items: readonly Node[] }
  | { readonly kind: 'choice'; readonly branches: readonly Node[] }
  | { readonly kind: 'group'; readonly group: number; readonly body: Node }
  | { readonly kind: 'atomic'; readonly body: Node }
  | { readonly kind: 'look'; readonly behind: boolean; readonly negated: boolean; readonly body: Node }
  | { readonly kind: 'reference'; readonly group: number; readonly letterCase: CaseRule }
  | { readonly kind: 'condition'; readonly group: number; readonly yes: Node; readonly no: Node }
  | {
      readonly kind: 'repeat';
      readonly body: Node;
      readonly min: number;
      /** Infinity: no end. */
      readonly max: number;
      readonly mode: 'greedy' | 'lazy' | 'possessive';
    }
) & { readonly width: Width };

export type NodeOf<Kind extends Node['kind']> = Node & { readonly kind: Kind };

export function sequence(items: readonly Node[]): Node {
  const width = items.reduce<Width>(([min, max], item) => [min + item.width[0], max + item.width[1]], [0, 0]);
  return { kind: 'sequence', items, width };
}

export function choice(branches: readonly Node[]): Node {
  return { kind: 'choice', branches, width: widthOfEither(branches) };
}

export function condition(group: number, yes: Node, no: Node): Node {
  return { kind: 'condition', group, yes, no, width: widthOfEither([yes, no]) };
}

export function repeat(body: Node, min: number, max: number, mode: NodeOf<'repeat'>['mode']): Node {
  const [least, most] = body.width;
  // Infinity times 0 is not a number.
  return { kind: 'repeat', body, min, max, mode, width: [least * min, most === 0 ? 0 : most * max] };
}

function widthOfEither(nodes: readonly Node[]): Width {
  return nodes.reduce<Width>(
    ([min, max], { width }) => [Math.min(min, width[0]), Math.max(max, width[1])],
    [Number.POSITIVE_INFINITY, 0],
  );
}

/** Sorts the parts of a set, so that one test takes few steps however many parts were written. */
export function set(items: readonly SetItem[], negated: boolean, letterCase: CaseRule): Node {
  const categories = new Map<string, Category>();
  const ranges: PointRange[] = [];
  for (const item of items) {
    if ('category' in item) categories.set(`${item.category}${item.negated}${item.ascii}`, item);
    else ranges.push(item);
  }
  return {
    kind: 'set',
    ranges: merged(ranges),
    categories: [...categories.values()],
    negated,
    letterCase,
    width: [1, 1],
  };
}

function merged(ranges: readonly PointRange[]): PointRange[] {
  const result: PointRange[] = [];
  for (const range of ranges.toSorted((a, b) => a.from - b.from)) {
    const last = result.at(-1);
    if (last && range.from <= last.to + 1) {
      result[result.length - 1] = { from: last.from, to: Math.max(last.to, range.to) };
    } else {
      result.push(range);
    }
  }
  return result;
}
