import { median } from "../measure.js";
import type { Row } from "../report.js";
import type { Duel } from "./duel.js";

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

const NOT_COMPARED = "not compared";
const SLOWER = "SLOWER";
const OTHER_BITS = "OTHER BITS";

/** What a table says of a section. */
export function rowOf(section: string, result: Duel): Row {
  if ("failed" in result) return { section, word: `${NOT_COMPARED}: ${result.failed}` };
  const { oldMs, newMs, pairs, sameBits } = result;
  const { ratio, low, high, word } = verdictOf(pairs);
  const said = word === "slower" ? SLOWER : word === "faster" ? "faster" : "";
  return {
    section,
    oldMs,
    newMs,
    ratio,
    spread: `${low.toFixed(3)} … ${high.toFixed(3)}`,
    word: sameBits ? said : `${said} ${OTHER_BITS}`.trim(),
  };
}

/**
 * The sections that do not pass: slower by more than the limit, beyond the noise, or with other bits;
 * and those that nothing is known of, because one side could not run them.
 */
export function against(
  rows: readonly Row[],
  limit: number,
): { readonly failing: readonly string[]; readonly unproven: readonly string[] } {
  const names = (which: (word: string, row: Row) => boolean): string[] =>
    rows.filter((r) => which(String(r.word), r)).map((r) => String(r.section));
  return {
    failing: names(
      (word, { ratio }) =>
        word.includes(OTHER_BITS) || (word.startsWith(SLOWER) && (ratio as number) > limit),
    ),
    unproven: names((word) => word.startsWith(NOT_COMPARED)),
  };
}
