/**
 * Writes the tree for an engine: RE2 (linear time) or V8's RegExp with the flag `v` (backtracking).
 *
 * Python's classes are Unicode: `\d` is Nd, `\w` is letters, numbers and the underscore (no combining marks), `\s` is
 * what `str.isspace` accepts. Both engines differ from that and from each other, so every class is spelt out.
 */
import { type CategoryItem, children, type Edge, type Node, type SetItem, someNode } from './nodes.js';

type PointRange = readonly [from: number, to: number];

const asciiRanges: Readonly<Record<CategoryItem['category'], readonly PointRange[]>> = {
  d: [[0x30, 0x39]],
  w: [
    [0x30, 0x39],
    [0x41, 0x5a],
    [0x5f, 0x5f],
    [0x61, 0x7a],
  ],
  s: [
    [0x09, 0x0d],
    [0x20, 0x20],
  ],
};
const unicodeSpace: readonly PointRange[] = [
  [0x09, 0x0d],
  [0x1c, 0x20],
  [0x85, 0x85],
  [0xa0, 0xa0],
  [0x1680, 0x1680],
  [0x2000, 0x200a],
  [0x2028, 0x2029],
  [0x202f, 0x202f],
  [0x205f, 0x205f],
  [0x3000, 0x3000],
];

/** What the engines spell differently. */
interface Dialect {
  set(node: Node & { kind: 'set' }): string;
  edge(edge: Edge, ascii: boolean): string;
  /** Parts that only a backtracking engine has. */
  special(node: Node, write: (node: Node) => string): string;
}

/** Whether RE2 can run the pattern: no look-around, no back-reference, nothing atomic. */
export function isRegular(tree: Node): boolean {
  return !someNode(
    tree,
    (node) =>
      node.kind === 'look' ||
      node.kind === 'atomic' ||
      node.kind === 'backreference' ||
      (node.kind === 'repeat' && node.mode === 'possessive') ||
      // RE2 cannot say "no word character" inside of a class.
      (node.kind === 'set' && node.items.length > 1 && node.items.some(isNotWord)),
  );
}

/** Matches at the start of a text without line breaks. Word edges are ASCII's: see {@link hasUnicodeEdge}. */
export function toRe2(tree: Node): string {
  return `\\A(?:${write(tree, re2)})`;
}

export function hasUnicodeEdge(tree: Node): boolean {
  return someNode(tree, (node) => node.kind === 'edge' && !node.ascii && /word/i.test(node.edge));
}

/** null: the pattern ignores case in one place and not in another, which V8 (before version 12.5) cannot. */
export function toV8(tree: Node): { readonly source: string; readonly flags: string } | null {
  const insensitive = someNode(tree, (node) => minds(node) && node.ignoreCase);
  if (insensitive && someNode(tree, (node) => minds(node) && !node.ignoreCase)) return null;
  return { source: `^(?:${write(tree, v8Dialect())})`, flags: insensitive ? 'iv' : 'v' };
}

type Cased = Node & { kind: 'set' | 'backreference' };

/** Whether case makes a difference to the node. */
function minds(node: Node): node is Cased {
  if (node.kind === 'backreference') return true;
  return node.kind === 'set' && node.items.some((item) => 'from' in item && !isCaseless(item.from, item.to));
}

function isCaseless(from: number, to: number): boolean {
  if (from === 0 && to === 0x10ffff) return true;
  const char = String.fromCodePoint(from);
  return from === to && char.toLowerCase() === char.toUpperCase();
}

function isNotWord(item: SetItem): boolean {
  return 'category' in item && item.category === 'w' && item.negated && !item.ascii;
}

function write(tree: Node, dialect: Dialect): string {
  const inner = (node: Node): string => {
    switch (node.kind) {
      case 'set':
        return dialect.set(node);
      case 'edge':
        return dialect.edge(node.edge, node.ascii);
      case 'sequence':
        return node.items.map(inner).join('');
      case 'choice':
        return `(?:${node.branches.map(inner).join('|')})`;
      case 'repeat': {
        if (node.mode === 'possessive') return dialect.special(node, inner);
        const max = Number.isFinite(node.max) ? node.max : '';
        return `(?:${inner(node.body)}){${node.min},${max}}${node.mode === 'lazy' ? '?' : ''}`;
      }
      default:
        return dialect.special(node, inner);
    }
  };
  return inner(tree);
}

/** The ranges between the given ones, which ascend and do not touch. */
function complement(ranges: readonly PointRange[]): readonly PointRange[] {
  const starts = [0, ...ranges.map(([, to]) => to + 1)];
  const ends = [...ranges.map(([from]) => from - 1), 0x10ffff];
  return starts.map((start, index) => [start, ends[index] ?? start] as const);
}

/** Digits and word characters by Unicode property, the rest as ranges. */
function categoryItem(item: CategoryItem, point: (code: number) => string): string {
  if (!item.ascii && item.category === 'd') return item.negated ? '\\P{Nd}' : '\\p{Nd}';
  if (!item.ascii && item.category === 'w') return `\\p{L}\\p{N}${point(0x5f)}`;
  const ranges = item.ascii ? asciiRanges[item.category] : unicodeSpace;
  return (item.negated ? complement(ranges) : ranges).map(([from, to]) => `${point(from)}-${point(to)}`).join('');
}

function setText(node: Node & { kind: 'set' }, item: (item: SetItem) => string): string {
  return `[${node.negated ? '^' : ''}${node.items.map(item).join('')}]`;
}

const re2Point = (code: number): string => `\\x{${code.toString(16)}}`;

const re2: Dialect = {
  set(node) {
    const text = setText(node, (item) =>
      'category' in item ? categoryItem(item, re2Point) : `${re2Point(item.from)}-${re2Point(item.to)}`,
    );
    return node.ignoreCase && minds(node) ? `(?i:${text})` : text;
  },
  edge(edge) {
    if (edge === 'word') return '\\b';
    if (edge === 'notWord') return '\\B';
    return edge === 'textStart' || edge === 'lineStart' ? '\\A' : '\\z';
  },
  // isRegular() leaves nothing special but groups, and nobody asks what they held.
  special: (node, inner) => `(?:${children(node).map(inner).join('')})`,
};

function v8Dialect(): Dialect {
  const point = (code: number): string => `\\u{${code.toString(16)}}`;
  // Atomic groups take numbers of their own, so Python's numbers shift.
  const numbers = new Map<number, number>();
  let captures = 0;
  const category = (item: CategoryItem): string =>
    isNotWord(item) ? `[^${categoryItem(item, point)}]` : categoryItem(item, point);

  return {
    set: (node) =>
      setText(node, (item) => ('category' in item ? category(item) : `${point(item.from)}-${point(item.to)}`)),
    edge(edge, ascii) {
      const word = `[${categoryItem({ category: 'w', negated: false, ascii }, point)}]`;
      switch (edge) {
        case 'word':
          return `(?:(?<=${word})(?!${word})|(?<!${word})(?=${word}))`;
        case 'notWord':
          return `(?:(?<=${word})(?=${word})|(?<!${word})(?!${word}))`;
        case 'textStart':
          return '(?<![^])';
        case 'textEnd':
          return '(?![^])';
        case 'lineStart':
          return '(?<![^\\n])';
        case 'lineEnd':
          return '(?![^\\n])';
        case 'lastLineEnd':
          return '(?=\\n?(?![^]))';
      }
    },
    special(node, inner) {
      // JavaScript has no atomic group, but never goes back into a look-ahead: look, remember, then take what was seen.
      const atomic = (body: () => string): string => {
        const number = ++captures;
        return `(?:(?=(${body()}))\\${number}(?:))`;
      };
      switch (node.kind) {
        case 'group': {
          const number = ++captures;
          numbers.set(node.index, number);
          return `(${inner(node.body)})`;
        }
        case 'look':
          return `(?:(?${node.behind ? '<' : ''}${node.negated ? '!' : '='}${inner(node.body)}))`;
        case 'backreference':
          return `(?:\\${numbers.get(node.group.index) ?? 0})`;
        case 'atomic':
          return atomic(() => inner(node.body));
        case 'repeat':
          return atomic(() => inner({ ...node, mode: 'greedy' }));
        default:
          return inner(node);
      }
    },
  };
}
