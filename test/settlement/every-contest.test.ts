import { describe, expect, test } from "vitest";
import { type Receipt, type Worst, worstOf } from "./every-contest.js";

/** Every way to write n as a sum, largest first. */
function* sumsOf(n: number, most = n): Generator<number[]> {
  if (n === 0) yield [];
  for (let first = Math.min(n, most); first > 0; first--) {
    for (const rest of sumsOf(n - first, first)) yield [first, ...rest];
  }
}

/** The worst of all contests of one honest receipt, so many saboteurs, and lies of any sizes. */
function worstContest(n: number, saboteurs: number): Worst {
  let [rounds, opened] = [0, 0];
  for (const sizes of sumsOf(n - 1 - saboteurs)) {
    const lies = sizes.flatMap((size, i) => Array.from({ length: size }, () => i + 1));
    const roots = [...Array.from({ length: saboteurs }, () => 0), ...lies];
    const others = roots.map((root): Receipt => ({ root, wins: 0, honest: false }));
    const worst = worstOf([{ root: 0, wins: 0, honest: true }, ...others]);
    rounds = Math.max(rounds, worst.rounds);
    opened = Math.max(opened, worst.opened);
  }
  return { rounds, opened };
}

/** Every order of the receipts and every outcome between the dishonest; docs/settlement.md has the table. */
describe("every contest of a few", () => {
  test.each([
    [2, 1, 1],
    [3, 2, 2],
    [4, 2, 3],
    [5, 3, 4],
    [6, 3, 5],
    [7, 3, 7],
    [8, 4, 8],
  ])("of %i: at most %i rounds and %i disputes", (n, rounds, opened) => {
    expect(worstContest(n, 0)).toEqual({ rounds, opened });
    if (n > 7) return;
    for (let saboteurs = 1; saboteurs < n - 1; saboteurs++) {
      const worst = worstContest(n, saboteurs);
      expect(worst.rounds).toBeLessThanOrEqual(rounds);
      expect(worst.opened).toBeLessThanOrEqual(opened);
    }
  });
});
