import { longestGame } from "../../src/dispute/play.js";
import type { Rules } from "../../src/dispute/rules.js";
import type { Parameters } from "../../src/settlement/parameters.js";
import type { Job } from "../../src/settlement/state.js";

/** Longest that one dispute can take, in milliseconds. */
export function longestDispute({ clock }: Parameters, rules: Rules): number {
  const perSide = Math.max(clock.perSide, clock.extension);
  return 2 * perSide + longestGame(rules) * clock.extension;
}

/**
 * Longest that a job can take, as docs/settlement.md derives it, while ticks come as soon as something
 * is due; each deadline that is let pass adds the moment until its tick.
 */
export function longestJob(parameters: Parameters, job: Job, rules: Rules, rounds: number): number {
  const { draw, reveal, challenge } = parameters.windows;
  const dispute = longestDispute(parameters, rules);
  const drawn = (draw + job.commitWithin) * (job.mode === "sampled" ? 2 : 1);
  return drawn + reveal + Math.max(challenge + dispute, rounds * dispute);
}
