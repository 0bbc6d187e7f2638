import { median } from "../measure.js";

/** How long the new revision takes, as a multiple of the old one's time. */
export interface Verdict {
  /** Median over all rounds. */
  readonly ratio: number;
  /** Quartiles: half of the rounds lie between. */
  readonly low: number;
  readonly high: number;
  readonly word: "slower" | "faster" | "same";
}

/** A difference below this is no news, however sure it is. */
const LEAST = 0.02;

/**
 * Ratios of rounds, by pair of processes. It is slower, or faster, where three quarters of all rounds
 * say so and every pair does by its median: one process that had bad luck with its memory is not
 * enough.
 */
export function verdictOf(pairs: readonly (readonly number[])[]): Verdict {
  const all = pairs.flat().sort((a, b) => a - b);
  const at = (share: number): number => all[Math.round(share * (all.length - 1))] as number;
  const [ratio, low, high] = [median(all), at(0.25), at(0.75)];
  const medians = pairs.map(median);
  const slower = low > 1 && medians.every((m) => m > 1 + LEAST);
  const faster = high < 1 && medians.every((m) => m < 1 - LEAST);
  return { ratio, low, high, word: slower ? "slower" : faster ? "faster" : "same" };
}
