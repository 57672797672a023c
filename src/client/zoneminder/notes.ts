/** The text in an event's notes. */

/**
 * `line` in place of an earlier detection's, before what ZoneMinder itself wrote about motion:
 * `[s] detected:person:97%| Motion: All`. Doing it again changes nothing.
 */
export function notesWith(line: string, notes: string): string {
  const motion = notes.split('Motion:')[1];
  return motion === undefined ? line : `${line}| Motion:${motion}`;
}
