/** Frames made smaller on their way out of ZoneMinder, for `resize`: it scales the pictures that it shows. */
import { type FrameName, ZoneMinder } from '../client/zoneminder/client.js';
import type { ZmEvent } from '../client/zoneminder/types.js';
import type { DetectionZone } from '../client/types.js';
import type { Size } from '../detection/detection.js';

/** A ZoneMinder whose frames have the size that `size` holds; null: their own. */
export class ResizingZoneMinder extends ZoneMinder {
  size: Size | null = null;

  override frameUrl(eventId: number, frame: FrameName): string {
    const url = super.frameUrl(eventId, frame);
    return this.size === null ? url : `${url}&width=${this.size.width}&height=${this.size.height}`;
  }

  override async event(id: number): Promise<ZmEvent> {
    return { ...(await super.event(id)), ...this.size };
  }
}

/** Frames wider than `width` get that width, in proportion, cut to whole pixels; null for others. */
export function smaller(frame: Size, width: number): Size | null {
  if (frame.width <= width) return null;
  return { width, height: Math.trunc(frame.height * (width / frame.width)) };
}

/** Zones drawn on a picture of size `from` for one of size `to`; points are cut to whole pixels. */
export function scaledZones(zones: readonly DetectionZone[], from: Size, to: Size): readonly DetectionZone[] {
  const [x, y] = [to.width / from.width, to.height / from.height];
  return zones.map((zone) => ({
    ...zone,
    points: zone.points.map((point) => [Math.trunc(point[0] * x), Math.trunc(point[1] * y)] as const),
  }));
}
