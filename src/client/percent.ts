/** A confidence as people and ZoneMinder read it: whole per cent; a half goes to the even neighbour, as Python rounds. */
export function percentOf(confidence: number): number {
  const percent = confidence * 100;
  const below = Math.floor(percent);
  return percent - below === 0.5 ? below + (below % 2) : Math.round(percent);
}
