/** The tree of a Python regular expression. Code points are numbers; flags are already folded into the nodes. */

/** A run of code points, both ends included, or one of Python's classes: decimal digits, word characters, space. */
export type SetItem = { readonly from: number; readonly to: number } | CategoryItem;
export interface CategoryItem {
  readonly category: 'd' | 'w' | 's';
  readonly negated: boolean;
  readonly ascii: boolean;
}

/** Places without width. `lastLineEnd` is Python's `$`: at the end, or before a line break that ends the text. */
export type Edge = 'textStart' | 'textEnd' | 'lineStart' | 'lineEnd' | 'lastLineEnd' | 'word' | 'notWord';

export type Node =
  | {
      readonly kind: 'set';
      readonly items: readonly SetItem[];
      readonly negated: boolean;
      readonly ignoreCase: boolean;
    }
  | { readonly kind: 'edge'; readonly edge: Edge; readonly ascii: boolean }
  | { readonly kind: 'sequence'; readonly items: readonly Node[] }
  | { readonly kind: 'choice'; readonly branches: readonly Node[] }
  | { readonly kind: 'group'; readonly index: number; readonly body: Node }
  | { readonly kind: 'atomic'; readonly body: Node }
  | { readonly kind: 'look'; readonly behind: boolean; readonly negated: boolean; readonly body: Node }
  | { readonly kind: 'backreference'; readonly group: Node & { kind: 'group' }; readonly ignoreCase: boolean }
  | {
      readonly kind: 'repeat';
      readonly body: Node;
      readonly min: number;
      /** Infinity: no end. */
      readonly max: number;
      readonly mode: 'greedy' | 'lazy' | 'possessive';
    };

export function children(node: Node): readonly Node[] {
  switch (node.kind) {
    case 'set':
    case 'edge':
    case 'backreference':
      return [];
    case 'sequence':
      return node.items;
    case 'choice':
      return node.branches;
    default:
      return [node.body];
  }
}

export function someNode(node: Node, test: (node: Node) => boolean): boolean {
  return test(node) || children(node).some((child) => someNode(child, test));
}

/** How many code points a node can match: fewest and most. Look-behind demands that the two agree. */
export function width(node: Node): readonly [min: number, max: number] {
  switch (node.kind) {
    case 'set':
      return [1, 1];
    case 'edge':
    case 'look':
      return [0, 0];
    case 'backreference':
      return width(node.group);
    case 'group':
    case 'atomic':
      return width(node.body);
    case 'sequence':
      return node.items.map(width).reduce(([a, b], [min, max]) => [a + min, b + max], [0, 0]);
    case 'choice': {
      const widths = node.branches.map(width);
      return [Math.min(...widths.map(([min]) => min)), Math.max(...widths.map(([, max]) => max))];
    }
    case 'repeat': {
      const [min, max] = width(node.body);
      return [min * node.min, max === 0 ? 0 : max * node.max];
    }
  }
}

/** About how many instructions an engine needs: counted repeats are unrolled, Unicode classes are long tables. */
export function cost(node: Node): number {
  if (node.kind === 'set') return node.items.some((item) => 'category' in item) ? 20 : 1;
  const inner = children(node).reduce((sum, child) => sum + cost(child), 1);
  return node.kind === 'repeat' ? inner * Math.max(1, Number.isFinite(node.max) ? node.max : node.min) : inner;
}
