/**
 * The number of single-character edits (insert, remove, replace, swap two neighbours) that make
 * one word of another: optimal string alignment, row by row.
 */
export function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let least = Math.min(at(last, j) + 1, at(row, j - 1) + 1, at(last, j - 1) + same);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) least = Math.min(least, at(before, j - 2) + 1);
      row.push(least);
    }
    [before, last] = [last, row];
  }
  return at(last, b.length);
}

const at = (row: readonly number[], i: number): number => row[i] as number;

/** Longer words are not compared: this is for typing errors, and the work is quadratic. */
const LONGEST = 100;

/**
 * The known word that a mistyped one most likely stands for: at most a third of its letters
 * differ, or it is the beginning of only that one.
 */
export function closest(word: string, known: readonly string[]): string | undefined {
  if (word === "" || word.length > LONGEST) return undefined;
  const lower = word.toLowerCase();
  const ranked = known
    .filter((k) => k.length <= LONGEST)
    .map((k) => ({ k, distance: editDistance(lower, k.toLowerCase()) }))
    .filter(
      ({ k, distance }) => distance <= Math.max(1, Math.floor(Math.max(word.length, k.length) / 3)),
    )
    .sort((x, y) => x.distance - y.distance);
  if (ranked[0]) return ranked[0].k;
  const begun = known.filter((k) => k.toLowerCase().startsWith(lower));
  return begun.length === 1 ? begun[0] : undefined;
}

/** `did you mean "x"?` as a hint, or what else there is. */
export function suggestion(word: string, known: readonly string[], otherwise: string): string {
  const guess = closest(word, known);
  return guess === undefined ? otherwise : `did you mean ${guess}?`;
}
