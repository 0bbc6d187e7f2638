import type { Id, Job, LedgerState } from "../state.js";
import { type Context, jobOf } from "../step.js";
import { allRevealed, allSealed, closeIfDone } from "./phases.js";
import { openRound } from "./rounds.js";

/**
 * What follows for a job from what was just said, missed or decided, step by step until nothing more
 * does: a phase in which nobody is awaited ends, a round begins when the last one is over, and the
 * job ends when nothing is open. Disputes that ended are decided already (`settle`).
 */
export function consequences(context: Context, state: LedgerState, id: Id): LedgerState {
  for (let before = state; ; ) {
    const after = next(context, before, jobOf(before, id));
    if (after === before) return after;
    before = after;
  }
}

function next(context: Context, state: LedgerState, job: Job): LedgerState {
  const awaited = (standing: string): boolean => job.entries.some((e) => e.standing === standing);
  if (job.phase.name === "committing" && !awaited("drawn")) return allSealed(context, state, job);
  if (job.phase.name === "revealing" && !awaited("sealed")) return allRevealed(context, state, job);
  const contested = openRound(context, state, job);
  return contested === state ? closeIfDone(context, state, job) : contested;
}
