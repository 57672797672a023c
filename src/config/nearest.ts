/** "Did you mean": how far two words are apart, and which known words are near an unknown one. */

/**
 * The fewest insertions, deletions, substitutions and swaps of neighbours that turn `a` into `b`, no part being edited
 * twice: the optimal string alignment distance, a restricted Damerau-Levenshtein distance. O(|a|·|b|) time.
 */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = at(last, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let best = Math.min(at(last, j) + 1, at(row, j - 1) + 1, substitution);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        best = Math.min(best, at(beforeLast, j - 2) + 1);
      }
      row.push(best);
    }
    beforeLast = last;
    last = row;
  }
  return at(last, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}

/**
 * The words of `known` that are like `word`, nearest first, at most `limit`. Like means: a third of its letters or fewer
 * differ (one is always allowed), or it begins with `word`. Letter case, `-` and `_` make no difference; a word that
 * differs in nothing else leaves no room for others.
 */
export function nearest(word: string, known: Iterable<string>, limit: number): string[] {
  const wanted = plain(word);
  if (wanted === '') return [];
  const near = [...new Set(known)]
    .map((candidate) => ({
      candidate,
      letters: plain(candidate),
      distance: editDistance(wanted, plain(candidate)),
    }))
    .filter(({ letters, distance }) => {
      const allowed = Math.max(1, Math.floor(Math.min(wanted.length, letters.length) / 3));
      return distance <= allowed || (wanted.length > 2 && letters.startsWith(wanted));
    })
    .sort((a, b) => a.distance - b.distance || (a.candidate < b.candidate ? -1 : 1));
  const same = near.filter(({ distance }) => distance === 0);
  return (same.length > 0 ? same : near).slice(0, limit).map(({ candidate }) => candidate);
}

function plain(word: string): string {
  return word.toLowerCase().replace(/[-_]/g, '');
}
