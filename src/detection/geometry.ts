/**
 * A box and a polygon. Coordinates are pixels, x to the right and y down; polygons close by themselves.
 *
 * Inside and outside follow the even-odd rule: the middle of a pentagram is outside. That is what GEOS (and Shapely)
 * answers for polygons that cross themselves.
 */
import type { Box } from './detection.js';
import { ringsOf } from './rings.js';

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
  let inside = false;
  let from = polygon.at(-1);
  for (const to of polygon) {
    if (from && touches(sides, from, to)) return true;
    if (from && isLeftOf(from, to, sides.left, sides.top)) inside = !inside;
    from = to;
  }
  // With no edge in the box, the box is wholly inside or wholly outside, and one corner tells which.
  return inside;
}

/**
 * Area in common, in square pixels, even-odd. Takes a step for each corner; the first time, a polygon that touches or
 * crosses itself is cut into rings that do not.
 */
export function overlapArea(box: Box, polygon: Polygon): number {
  const sides = sidesOf(box);
  const area = ringsOf(polygon).reduce((sum, ring) => {
    let from = ring.at(-1);
    for (const to of ring) {
      if (from) sum += areaAbove(sides, from, to);
      from = to;
    }
    return sum;
  }, 0);
  return Math.abs(area);
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

/** Whether a ray from the point to the left meets the edge. The point is not on the edge. */
function isLeftOf(a: Point, b: Point, x: number, y: number): boolean {
  return a[1] > y !== b[1] > y && a[0] + ((y - a[1]) / (b[1] - a[1])) * (b[0] - a[0]) < x;
}

/**
 * The part of the box between its top and the edge, with the sign of the edge's direction. Over all edges of a ring the
 * parts outside of the ring cancel out.
 */
function areaAbove({ left, top, right, bottom }: Sides, a: Point, b: Point): number {
  const [from, to] = [clamp(a[0], left, right), clamp(b[0], left, right)];
  if (from === to) return 0;
  const slope = (b[1] - a[1]) / (b[0] - a[0]);
  const [first, last] = [a[1] + (from - a[0]) * slope, a[1] + (to - a[0]) * slope];
  // Depth below the top, which does not go beyond the box: a mean over each stretch between the two levels.
  const parts = [0, 1];
  for (const level of [top, bottom]) {
    if (first < level !== last < level) parts.push((level - first) / (last - first));
  }
  parts.sort((one, other) => one - other);
  const depth = (part: number): number => clamp(first + part * (last - first), top, bottom) - top;
  let mean = 0;
  for (let index = 1; index < parts.length; index++) {
    const [start = 0, end = 0] = [parts[index - 1], parts[index]];
    mean += ((end - start) * (depth(start) + depth(end))) / 2;
  }
  return (to - from) * mean;
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}
