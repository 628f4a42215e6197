const MAX_DISTANCE = 2;

/** The known word that is at most two keystrokes away, for "did you mean"; undefined when there is none. */
export function nearestWord(word: string, known: readonly string[]): string | undefined {
  const ranked = known
    .map((each) => ({ each, distance: distance(word.toLowerCase(), each.toLowerCase()) }))
    .filter((candidate) => candidate.distance <= MAX_DISTANCE)
    .sort((one, other) => one.distance - other.distance || one.each.localeCompare(other.each));
  return ranked[0]?.each;
}

/** Levenshtein's: insertions, deletions and replacements from one to the other. */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (let i = 1; i <= one.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= other.length; j += 1) {
      const replaced = row[j - 1]! + (one[i - 1] === other[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row.at(-1)!;
}
