/** Tags, by the requests of ZoneMinder's own pages: its API can create a tag, but not add an event to an existing one. */
import { type Fields, records, text } from './read.js';

/** Asks the portal's index.php. */
type Ask = (query: Readonly<Record<string, string>>) => Promise<Fields>;

export async function tagEvent(ask: Ask, eventId: number, labels: readonly string[]): Promise<void> {
  const id = String(eventId);
  const known = idsByName(await ask({ request: 'tags', action: 'getavailabletags' }));
  const present = idsByName(await ask({ request: 'event', action: 'getselectedtags', id }));
  for (const label of new Set(labels)) {
    if (present.has(label)) continue;
    const tag =
      known.get(label) ?? idsByName(await ask({ request: 'tags', action: 'createtag', tname: label })).get(label);
    if (tag !== undefined) await ask({ request: 'event', action: 'addtag', tid: tag, id });
  }
}

function idsByName(answer: Fields): Map<string, string> {
  return new Map(records(answer.response, 'Tag').map((tag) => [text(tag.Name), text(tag.Id)]));
}
