import { deadline } from "../../dispute/clock.js";
import { moverOf } from "../../dispute/transition.js";
import { insist } from "../refusals.js";
import type { Id, Job, JobDispute, LedgerState } from "../state.js";
import { type Context, jobOf } from "../step.js";
import { consequences } from "./consequences.js";
import { timeOut } from "./disputes.js";
import { endJob, missed } from "./phases.js";

/** What happens because nothing else did: deadlines are inclusive, one moment later they are past. */

/** The last moment before the next thing is due by itself; infinity where nothing is. */
export function nextDeadline(state: LedgerState): number {
  const disputes = state.openDisputes.map((id) => disputeDeadline(state.disputes.get(id)));
  const jobs = state.openJobs.map((id) => jobDeadline(state, jobOf(state, id)));
  return [...disputes, ...jobs].reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
}

function disputeDeadline(dispute: JobDispute | undefined): number {
  const mover = dispute && !dispute.result ? moverOf(dispute.state) : undefined;
  if (!dispute || !mover) return Number.POSITIVE_INFINITY;
  return deadline(dispute.state.clock, mover);
}

function jobDeadline(state: LedgerState, { id, phase }: Job): number {
  if (phase.name === "ended") return Number.POSITIVE_INFINITY;
  if (phase.name !== "challengeable") return phase.until;
  const disputed = state.openDisputes.some((d) => state.disputes.get(d)?.job === id);
  return disputed ? Number.POSITIVE_INFINITY : phase.until;
}

/** Everything whose deadline has passed, disputes first: a claim may fall on the last day. */
export function tick(context: Context, state: LedgerState): LedgerState {
  insist(nextDeadline(state) < context.now, "nothing-due");
  const timed = state.openDisputes.reduce((s, id) => {
    const dispute = s.disputes.get(id);
    return dispute && disputeDeadline(dispute) < context.now ? timeOut(context, s, dispute) : s;
  }, state);
  const decided = timed.openJobs.reduce((s, id) => consequences(context, s, id), timed);
  const late = decided.openJobs.reduce((s, id) => overdue(context, s, id), decided);
  return late.openJobs.reduce((s, id) => consequences(context, s, id), late);
}

function overdue(context: Context, state: LedgerState, id: Id): LedgerState {
  const job = jobOf(state, id);
  if (jobDeadline(state, job) >= context.now) return state;
  switch (job.phase.name) {
    case "drawing":
    case "calling":
      return endJob(context, state, job, { kind: "not-drawn" });
    case "committing":
    case "revealing":
      return missed(state, job);
    case "challengeable":
    case "ended":
      return state;
  }
}
