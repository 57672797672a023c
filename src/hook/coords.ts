/** Zones as `objectconfig.yml` writes them: `coords: "306,356 1003,341 1074,683"`. */
import type { Point } from '../detection/geometry.js';

/** The corners, or a sentence's end about what is wrong with them. */
export function parseCoords(text: string): readonly Point[] | string {
  const pairs = text.split(/\s+/).filter((pair) => pair !== '');
  const points: Point[] = [];
  for (const pair of pairs) {
    const match = /^(-?\d+(?:\.\d+)?),(-?\d+(?:\.\d+)?)$/.exec(pair);
    if (match === null)
      return `got "${pair}" among them: write x,y without blanks inside a pair and one blank between pairs`;
    points.push([Number(match[1]), Number(match[2])]);
  }
  if (points.length < 3) {
    const count = points.length === 1 ? '1 point' : `${points.length} points`;
    return `got ${count}: a polygon needs at least 3; a rectangle is "x1,y1 x2,y1 x2,y2 x1,y2"`;
  }
  return points;
}
