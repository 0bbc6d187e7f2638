import { deadline } from "../../dispute/clock.js";
import { moverOf } from "../../dispute/transition.js";
import { insist } from "../refusals.js";
import type { Id, Job, JobDispute, LedgerState } from "../state.js";
import { type Context, jobOf } from "../step.js";
import { consequences } from "./consequences.js";
import { timeOut } from "./disputes.js";
import { endJob, missed } from "./phases.js";
import { settle } from "./verdicts.js";

/** What happens because nothing else did: deadlines are inclusive, one moment later they are past. */

/** The last moment before the next thing is due by itself; infinity where nothing is. */
export function nextDeadline(state: LedgerState): number {
  const disputes = state.openDisputes.map((id) => disputeDeadline(state.disputes.get(id)));
  const jobs = state.openJobs.map((id) => jobDeadline(jobOf(state, id)));
  return [...disputes, ...jobs].reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
}

function disputeDeadline(dispute: JobDispute | undefined): number {
  const mover = dispute && !dispute.result ? moverOf(dispute.state) : undefined;
  if (!dispute || !mover) return Number.POSITIVE_INFINITY;
  return deadline(dispute.state.clock, mover);
}

function jobDeadline({ disputes, phase }: Job): number {
  if (phase.name === "ended") return Number.POSITIVE_INFINITY;
  if (phase.name !== "challengeable") return phase.until;
  return disputes.length > 0 ? Number.POSITIVE_INFINITY : phase.until;
}

/** Everything whose deadline has passed, disputes first: a claim may fall on the last day. */
export function tick(context: Context, state: LedgerState): LedgerState {
  insist(nextDeadline(state) < context.now, "nothing-due");
  const timed = lateDisputes(context, state).reduce((s, id) => {
    const dispute = s.disputes.get(id);
    // A verdict before it may have made it moot.
    if (!dispute || dispute.result) return s;
    return settle(timeOut(context, s, dispute), id);
  }, state);
  const decided = timed.openJobs.reduce((s, id) => consequences(context, s, id), timed);
  const late = decided.openJobs.reduce((s, id) => overdue(context, s, id), decided);
  return late.openJobs.reduce((s, id) => consequences(context, s, id), late);
}

/** In the order of their deadlines: a tick that comes late decides what one in time would have. */
function lateDisputes({ now }: Context, state: LedgerState): Id[] {
  return state.openDisputes
    .map((id) => ({ id, until: disputeDeadline(state.disputes.get(id)) }))
    .filter(({ until }) => until < now)
    .sort((a, b) => a.until - b.until)
    .map(({ id }) => id);
}

function overdue(context: Context, state: LedgerState, id: Id): LedgerState {
  const job = jobOf(state, id);
  if (jobDeadline(job) >= context.now) return state;
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
