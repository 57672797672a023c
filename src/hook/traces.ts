/** What stays behind after something was found: the picture with its boxes, the event's notes and its tags. */
import path from 'node:path';

import type { DetectionResult } from '../client/types.js';
import { notesWith, type ZoneMinder } from '../client/zoneminder/client.js';
import { replace, writeArtefacts } from './artefacts.js';
import type { HookSettings } from './settings.js';
import { explain, type Voice } from './voice.js';

export interface Traces {
  readonly result: DetectionResult;
  readonly settings: HookSettings;
  /** What goes into the notes. */
  readonly text: string;
  /** What goes into objects.json. */
  readonly objects: string;
  /** The event's number, or the file's name. */
  readonly subject: string;
  readonly notes: boolean;
  readonly eventPath: string | undefined;
  /** null: a file was looked at, and there is no event. */
  readonly zoneMinder: { readonly client: ZoneMinder; readonly eventId: number } | null;
  readonly voice: Voice;
}

/**
 * What was found has been said by now and stands: each of these that fails is a sentence on standard error, and the
 * others are done all the same.
 */
export async function leaveTraces(traces: Traces): Promise<void> {
  const { settings, zoneMinder, voice } = traces;
  const works: Promise<void>[] = [];
  if (settings.writeDebugImage || (settings.writeImage && zoneMinder !== null)) works.push(writePictures(traces));
  if (zoneMinder !== null && traces.notes) works.push(writeNotes(traces, zoneMinder));
  if (zoneMinder !== null && settings.tagObjects) works.push(writeTags(traces, zoneMinder));
  for (const outcome of await Promise.allSettled(works)) {
    if (outcome.status === 'rejected') voice.say(explain(outcome.reason));
  }
}

async function writePictures({ result, settings, objects, subject, eventPath, zoneMinder }: Traces): Promise<void> {
  const image = await result.annotate({ errorBoxes: settings.writeDebugImage });
  const name = `${subject}-${result.frameId ?? ''}-debug.jpg`;
  if (settings.writeDebugImage) await replace(path.join(settings.imagePath, name), image);
  if (!settings.writeImage || zoneMinder === null) return;
  const { client, eventId } = zoneMinder;
  const folder = eventPath ?? (await client.eventFolder(await client.event(eventId)));
  await writeArtefacts(folder, eventPath !== undefined, image, objects);
}

type Target = NonNullable<Traces['zoneMinder']>;

/** ZoneMinder writes notes of its own while the event goes on, so they are read just before. */
async function writeNotes({ text, voice }: Traces, { client, eventId }: Target): Promise<void> {
  const { notes } = await client.event(eventId);
  await client.setNotes(eventId, notesWith(text, notes));
  voice.debug(`notes of event ${eventId} written`);
}

async function writeTags({ result, voice }: Traces, { client, eventId }: Target): Promise<void> {
  const labels = [...new Set(result.detections.map(({ label }) => label))];
  if (await client.tagEvent(eventId, labels)) return;
  voice.say('tag_detected_objects is yes, but tags need ZoneMinder 1.37.44 or later: set it to "no"');
}
