/** What stays behind after something was found: the picture with its boxes, the event's notes and its tags. */
import path from 'node:path';

import type { DetectionResult, DetectionZone } from '../client/types.js';
import { notesWith, type ZoneMinder } from '../client/zoneminder/client.js';
import type { ZmEvent } from '../client/zoneminder/types.js';
import { replaceFile } from '../files.js';
import { fileNameOf, writeArtefacts } from './artefacts.js';
import { plainLine } from '../plain-line.js';
import type { HookSettings } from './settings.js';
import { explain, type Voice } from './voice.js';

export interface Traces {
  readonly result: DetectionResult;
  readonly settings: HookSettings;
  /** On the frame that was looked at. */
  readonly zones: readonly DetectionZone[];
  /** What goes into the notes. */
  readonly text: string;
  /** What goes into objects.json. */
  readonly objects: string;
  /** The event's number, or the file's name. */
  readonly subject: string;
  readonly notes: boolean;
  readonly eventPath: string | undefined;
  /** null: a file was looked at, and there is no event. */
  readonly event: Target | null;
  readonly voice: Voice;
}

/** The event as it is now, after the detection: ZoneMinder writes notes of its own meanwhile. Asked for once. */
export class Target {
  readonly client: ZoneMinder;
  readonly id: number;
  #event: Promise<ZmEvent> | undefined;

  constructor(client: ZoneMinder, id: number) {
    this.client = client;
    this.id = id;
  }

  now(): Promise<ZmEvent> {
    this.#event ??= this.client.event(this.id);
    return this.#event;
  }
}

/**
 * What was found has been said by now and stands: each of these that fails is a sentence on standard error, and the
 * others are done all the same.
 */
export async function leaveTraces(traces: Traces): Promise<void> {
  const { settings, event, voice } = traces;
  const works: Promise<void>[] = [];
  if (settings.writeDebugImage || (settings.writeImage && event !== null)) works.push(writePictures(traces));
  if (event !== null && traces.notes) works.push(writeNotes(traces, event));
  if (event !== null && settings.tagObjects) works.push(writeTags(traces, event));
  for (const outcome of await Promise.allSettled(works)) {
    if (outcome.status === 'rejected') voice.say(explain(outcome.reason, settings));
  }
}

async function writePictures(traces: Traces): Promise<void> {
  const { result, settings, zones, objects, subject, eventPath, event } = traces;
  const image = await result.annotate({ errorBoxes: settings.writeDebugImage, zones });
  const name = fileNameOf(subject, result.frameId ?? '', 'debug.jpg');
  if (settings.writeDebugImage) await replaceFile(path.join(settings.imagePath, name), image);
  if (!settings.writeImage || event === null) return;
  const folder = eventPath ?? event.client.eventFolder(await event.now());
  await writeArtefacts(folder, eventPath !== undefined, image, objects);
}

async function writeNotes({ text, voice }: Traces, event: Target): Promise<void> {
  const { notes } = await event.now();
  await event.client.setNotes(event.id, notesWith(text, notes));
  voice.debug(`notes of event ${event.id} written`);
}

async function writeTags({ result, voice }: Traces, event: Target): Promise<void> {
  const labels = [...new Set(result.detections.map(({ label }) => plainLine(label)))];
  if (await event.client.tagEvent(event.id, labels)) return;
  voice.say('tag_detected_objects is yes, but tags need ZoneMinder 1.37.44 or later: set it to "no"');
}
