/**
 * A box and a polygon. Coordinates are pixels, x to the right and y down; polygons close by themselves.
 *
 * Inside and outside follow the even-odd rule: the middle of a pentagram is outside. That is what GEOS (and Shapely)
 * answers for polygons that cross themselves.
 */
import type { Box } from './detection.js';

export type Point = readonly [x: number, y: number];
export type Polygon = readonly Point[];

interface Sides {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** Width times height; negative when one of them is. */
export function boxArea([x1, y1, x2, y2]: Box): number {
  return (x2 - x1) * (y2 - y1);
}

/** Whether two boxes share a point; touching counts. Corners may come in any order. */
export function boxesIntersect(a: Box, b: Box): boolean {
  return boxOverlap(a, b) !== null;
}

/** Area in common, in square pixels; null when the boxes do not even touch. */
export function boxOverlap(a: Box, b: Box): number | null {
  const [p, q] = [sidesOf(a), sidesOf(b)];
  const width = Math.min(p.right, q.right) - Math.max(p.left, q.left);
  const height = Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top);
  return width < 0 || height < 0 ? null : width * height;
}

/**
 * Whether box and polygon share a point. Touching an edge or a corner counts, and so does a polygon inside of the box.
 * Corners of the box may come in any order, and it may be a line or a point. A polygon without points shares nothing.
 */
export function intersects(box: Box, polygon: Polygon): boolean {
  const sides = sidesOf(box);
  // With no edge in the box, the box is wholly inside or wholly outside, and one corner tells which.
  return edges(polygon).some(([a, b]) => touches(sides, a, b)) || contains(polygon, [sides.left, sides.top]);
}

/**
 * Area in common, in square pixels, even-odd.
 *
 * Cuts the box into bands between all heights where something happens: a corner, two edges that cross, an edge that
 * leaves the box. Within a band edges are straight and do not cross, so that the width in the middle is the mean width.
 */
export function overlapArea(box: Box, polygon: Polygon): number {
  const sides = sidesOf(box);
  const { left, top, right, bottom } = sides;
  const crossing = edges(polygon).filter(
    ([a, b]) => a[1] !== b[1] && Math.max(a[1], b[1]) > top && Math.min(a[1], b[1]) < bottom,
  );
  const heights = bandHeights(crossing, sides);
  let area = 0;
  heights.slice(1).forEach((lower, index) => {
    const upper = heights[index] ?? lower;
    const middle = (upper + lower) / 2;
    const xs = crossing
      .filter(([a, b]) => a[1] > middle !== b[1] > middle)
      .map((edge) => Math.min(Math.max(xAt(edge, middle), left), right))
      .sort((a, b) => a - b);
    // Pairs of edges enclose the inside: the second minus the first, the fourth minus the third, ...
    area += (lower - upper) * xs.reduce((sum, x, place) => sum + (place % 2 === 0 ? -x : x), 0);
  });
  return area;
}

type Edge = readonly [from: Point, to: Point];

function edges(polygon: Polygon): Edge[] {
  return polygon.map((point, index) => [point, polygon[(index + 1) % polygon.length] ?? point]);
}

function sidesOf([x1, y1, x2, y2]: Box): Sides {
  return { left: Math.min(x1, x2), top: Math.min(y1, y2), right: Math.max(x1, x2), bottom: Math.max(y1, y2) };
}

/** Separating axes: two convex shapes are apart only if one of their edges has them on different sides. */
function touches({ left, top, right, bottom }: Sides, a: Point, b: Point): boolean {
  if (Math.max(a[0], b[0]) < left || Math.min(a[0], b[0]) > right) return false;
  if (Math.max(a[1], b[1]) < top || Math.min(a[1], b[1]) > bottom) return false;
  const corners = [side(a, b, left, top), side(a, b, right, top), side(a, b, right, bottom), side(a, b, left, bottom)];
  return !corners.every((corner) => corner > 0) && !corners.every((corner) => corner < 0);
}

/** The sign tells on which side of the line from a to b the point lies; 0: on it. */
function side(a: Point, b: Point, x: number, y: number): number {
  return (b[0] - a[0]) * (y - a[1]) - (b[1] - a[1]) * (x - a[0]);
}

/** A ray to the left meets an odd number of edges. The point is not on an edge. */
function contains(polygon: Polygon, [x, y]: Point): boolean {
  const met = edges(polygon).filter(([a, b]) => a[1] > y !== b[1] > y && xAt([a, b], y) < x);
  return met.length % 2 === 1;
}

/** Where an edge that is not level has the height y. */
function xAt([a, b]: Edge, y: number): number {
  return a[0] + ((y - a[1]) / (b[1] - a[1])) * (b[0] - a[0]);
}

/** Ascending, from the top of the box to its bottom. */
function bandHeights(crossing: readonly Edge[], { left, top, right, bottom }: Sides): number[] {
  const heights = new Set([top, bottom]);
  const add = (height: number): void => {
    if (height > top && height < bottom) heights.add(height);
  };
  crossing.forEach((edge, index) => {
    const [a, b] = edge;
    add(a[1]);
    add(b[1]);
    for (const x of [left, right]) if (a[0] > x !== b[0] > x) add(a[1] + ((x - a[0]) / (b[0] - a[0])) * (b[1] - a[1]));
    for (const other of crossing.slice(index + 1)) {
      const [c, d] = other;
      const [from, to] = [side(a, b, c[0], c[1]), side(a, b, d[0], d[1])];
      if (from > 0 !== to > 0) add(c[1] + (from / (from - to)) * (d[1] - c[1]));
    }
  });
  return Array.from(heights).sort((a, b) => a - b);
}
