/** What the ZoneMinder client takes and gives. Times are texts in ZoneMinder's own time zone, as it gives them. */
import type { Point } from '../../detection/geometry.js';
import type { Log } from '../../log.js';

export interface ZoneMinderOptions {
  /** `https://host/zm/api`. */
  readonly apiUrl: string;
  /** `https://host/zm`, which frames come from. Default: `apiUrl` without `/api`. */
  readonly portalUrl?: string | undefined;
  /** Without a user no login is tried, for a ZoneMinder whose authentication is off. */
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  /** For a web server in front of ZoneMinder that wants a login of its own. */
  readonly basicAuth?: { readonly user: string; readonly password: string } | undefined;
  readonly tls?: TlsOptions | undefined;
  /** Longest time for one request, from connecting to the last byte. Default 30,000. */
  readonly timeoutMs?: number | undefined;
  /** Default: nowhere. No line holds a password or token. */
  readonly log?: Log | undefined;
}

export interface TlsOptions {
  /** Default true. False takes any certificate, which is logged once. */
  readonly verify?: boolean | undefined;
  /** A PEM file of the certificates to trust, in place of those that come with Node. */
  readonly ca?: string | undefined;
}

export interface Version {
  /** As in `1.36.33`. */
  readonly zoneMinder: string;
  /** As in `2.0`. */
  readonly api: string;
}

/** `snapshot`, `alarm`, `objdetect`, or a frame's number from 1. */
export type FrameName = string | number;

export interface ZmEvent {
  readonly id: number;
  readonly monitorId: number;
  readonly name: string;
  readonly cause: string;
  readonly notes: string;
  /** `2026-11-22 10:00:00`; empty where ZoneMinder gives none. */
  readonly startTime: string;
  /** Empty while the event is being recorded. */
  readonly endTime: string;
  /** Seconds. */
  readonly length: number;
  /** Pixels of its frames. */
  readonly width: number;
  readonly height: number;
  readonly frames: number;
  readonly alarmFrames: number;
  readonly maxScore: number;
  /** Number of the frame with the highest score, or of the first alarmed one; undefined where there is none. */
  readonly maxScoreFrame: number | undefined;
  readonly alarmFrame: number | undefined;
  readonly archived: boolean;
  /** Its folder on ZoneMinder's own disk; undefined where ZoneMinder does not say. */
  readonly folder: string | undefined;
  /** Names, from ZoneMinder 1.37.44 on. */
  readonly tags: readonly string[];
}

/** Conditions that all hold; times as `2026-11-22 10:00:00`. */
export interface EventFilter {
  readonly monitorId?: number | undefined;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly minAlarmFrames?: number | undefined;
  /** Most events to give, the oldest first. Default 100. */
  readonly limit?: number | undefined;
}

export interface ZmFrame {
  /** From 1. */
  readonly number: number;
  /** `Normal`, `Bulk` or `Alarm`. */
  readonly type: string;
  readonly score: number;
  /** Seconds from the event's start. */
  readonly delta: number;
}

export interface ZmMonitor {
  readonly id: number;
  readonly name: string;
  /** Pixels of its pictures, after rotation. */
  readonly width: number;
  readonly height: number;
  readonly capturing: boolean;
}

export interface ZmZone {
  readonly id: number;
  readonly name: string;
  /** `Active`, `Inclusive`, `Exclusive`, `Preclusive`, `Inactive` or `Privacy`. */
  readonly type: string;
  /** Pixels of the monitor's pictures, also where ZoneMinder stores percent. */
  readonly points: readonly Point[];
}
