/** Polygons that touch or cross themselves, cut into rings that do not and that enclose the same even-odd inside. */
import { createRequire } from 'node:module';

import type * as Clipper2 from '@countertype/clipper2-ts';

import type { Point, Polygon } from './geometry.js';

/** Outer rings go round one way, holes the other. */
export type Rings = readonly Polygon[];

const known = new WeakMap<Polygon, Rings>();

/** Computed once for each polygon, which is not to change. */
export function ringsOf(polygon: Polygon): Rings {
  let rings = known.get(polygon);
  if (rings === undefined) known.set(polygon, (rings = countSelfContacts(polygon, 0) > 0 ? cut(polygon) : [polygon]));
  return rings;
}

/**
 * How many pairs of edges meet outside of the corner that they share. Counting ends beyond `most`. Takes time
 * n log n for n corners, and a step more for each two edges that lie beside each other.
 */
export function countSelfContacts(polygon: Polygon, most: number): number {
  const edges = edgesOf(polygon);
  let contacts = 0;
  let open: Edge[] = [];
  for (const edge of edges.toSorted((a, b) => a.left - b.left)) {
    open = open.filter(({ right }) => right >= edge.left);
    for (const other of open) {
      if (meet(edge, other, edges.length)) contacts += 1;
      if (contacts > most) return contacts;
    }
    open.push(edge);
  }
  return contacts;
}

interface Edge {
  /** Its place in the ring. */
  readonly index: number;
  readonly from: Point;
  readonly to: Point;
  readonly left: number;
  readonly right: number;
}

/** Without edges that are a point, which would touch their neighbours. */
function edgesOf(polygon: Polygon): Edge[] {
  const corners = polygon.filter((point, index) => !isSame(point, polygon.at(index - 1) ?? point));
  return corners.map((from, index) => {
    const to = corners[(index + 1) % corners.length] ?? from;
    return { index, from, to, left: Math.min(from[0], to[0]), right: Math.max(from[0], to[0]) };
  });
}

function isSame(a: Point, b: Point): boolean {
  return a[0] === b[0] && a[1] === b[1];
}

/** Neighbours meet only when one goes back over the other. */
function meet(a: Edge, b: Edge, count: number): boolean {
  if (Math.max(a.from[1], a.to[1]) < Math.min(b.from[1], b.to[1])) return false;
  if (Math.max(b.from[1], b.to[1]) < Math.min(a.from[1], a.to[1])) return false;
  if ((a.index + 1) % count === b.index) return goesBack(a, b);
  if ((b.index + 1) % count === a.index) return goesBack(b, a);
  return isAcross(a, b) && isAcross(b, a);
}

function goesBack(first: Edge, second: Edge): boolean {
  const [ax, ay] = [first.to[0] - first.from[0], first.to[1] - first.from[1]];
  const [bx, by] = [second.to[0] - second.from[0], second.to[1] - second.from[1]];
  return ax * by === ay * bx && ax * bx + ay * by < 0;
}

/** Whether the ends of `b` do not lie on one side of the line of `a`. Boxes that overlap are taken for granted. */
function isAcross(a: Edge, b: Edge): boolean {
  const side = ([x, y]: Point): number => {
    return Math.sign((a.to[0] - a.from[0]) * (y - a.from[1]) - (a.to[1] - a.from[1]) * (x - a.from[0]));
  };
  return side(b.from) * side(b.to) <= 0;
}

/** Loaded by the first polygon that needs it. */
const clipper = (): typeof Clipper2 => createRequire(import.meta.url)('@countertype/clipper2-ts') as typeof Clipper2;

/** The library computes in whole numbers: coordinates are scaled so that products of two of them are exact. */
function cut(polygon: Polygon): Rings {
  const { Clipper64, ClipType, FillRule } = clipper();
  const extent = polygon.reduce((most, [x, y]) => Math.max(most, Math.abs(x), Math.abs(y)), 1);
  const scale = 2 ** Math.floor(Math.log2(2 ** 25 / extent));
  const work = new Clipper64();
  work.addSubject([polygon.map(([x, y]) => ({ x: Math.round(x * scale), y: Math.round(y * scale) }))]);
  const rings: Clipper2.Paths64 = [];
  work.execute(ClipType.Union, FillRule.EvenOdd, rings);
  return rings.map((ring) => ring.map(({ x, y }): Point => [x / scale, y / scale]));
}
