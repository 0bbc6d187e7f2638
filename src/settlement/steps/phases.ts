import { BURNED, free, held, lock, stake } from "../money.js";
import type { Entry, Job, JobEnd, JobPhase, LedgerState, Standing } from "../state.js";
import { bondKey, type Context, jobOf, pay, standingEntries, withJob } from "../step.js";

/** How a job goes from one phase to the next, because all have spoken or the time is up. */

/** Nobody is left who has yet to commit. */
export function allSealed(context: Context, state: LedgerState, job: Job): LedgerState {
  if (!job.entries.some((e) => e.standing === "sealed")) {
    return endJob(context, state, job, { kind: "not-run" });
  }
  const { windows } = state.parameters;
  if (job.mode === "sampled" && job.audited === null) {
    const until = context.now + windows.draw;
    return inPhase(state, job, { name: "calling", until });
  }
  return inPhase(state, job, { name: "revealing", until: context.now + windows.reveal });
}

/** Nobody is left who has yet to reveal. */
export function allRevealed(context: Context, state: LedgerState, job: Job): LedgerState {
  if (standingEntries(job).length === 0) {
    return endJob(context, state, job, { kind: "not-run" });
  }
  const until = context.now + state.parameters.windows.challenge;
  const open = inPhase(state, job, { name: "challengeable", until });
  return job.mode === "instant" ? payExecutors(open, jobOf(open, job.id)) : open;
}

/** Marks who has not said in time what was due. */
export function missed(state: LedgerState, job: Job): LedgerState {
  const committing = job.phase.name === "committing";
  const [due, becomes]: [Standing, Standing] = committing
    ? ["drawn", "absent"]
    : ["sealed", "unrevealed"];
  const late = job.entries.filter((e) => e.standing === due);
  const marked = withJob(state, {
    ...job,
    entries: job.entries.map((e) => (e.standing === due ? { ...e, standing: becomes } : e)),
  });
  return late.reduce((s, e) => (committing ? fine(s, job, e) : burnBond(s, job, e)), marked);
}

/** Nobody saw anything of others before a commit, so its absence costs little. */
function fine(state: LedgerState, job: Job, { executor }: Entry): LedgerState {
  const key = lock(bondKey(executor, job.id));
  const { absence } = state.parameters.bonds;
  const burned = pay(state, key, BURNED, Math.min(absence, held(state.money, key)));
  return pay(burned, key, stake(executor), held(burned.money, key));
}

/** Who keeps back what it sealed saw the others first: that must not be a choice. */
function burnBond(state: LedgerState, job: Job, { executor }: Entry): LedgerState {
  const key = lock(bondKey(executor, job.id));
  return pay(state, key, BURNED, held(state.money, key));
}

export function inPhase(state: LedgerState, job: Job, phase: JobPhase): LedgerState {
  return withJob(state, { ...job, phase });
}

/**
 * Ends a challengeable job once its time is up, no dispute about it is open, and all that stands says
 * the same; at once where nothing stands.
 */
export function closeIfDone(context: Context, state: LedgerState, job: Job): LedgerState {
  if (job.phase.name !== "challengeable") return state;
  const standing = standingEntries(job);
  if (standing.length === 0) return endJob(context, state, job, { kind: "all-fell" });
  if (context.now <= job.phase.until || job.disputes.length > 0) return state;
  const executors = standing.map((e) => e.executor);
  return endJob(context, state, job, { kind: "answered", executors });
}

/** Pays or refunds the fee and gives back the bonds of all who have not lost theirs. */
export function endJob(context: Context, state: LedgerState, job: Job, end: JobEnd): LedgerState {
  const paid = end.kind === "answered" && !job.paid ? payExecutors(state, job) : state;
  const ended: Job = { ...jobOf(paid, job.id), phase: { name: "ended", at: context.now, end } };
  const openJobs = paid.openJobs.filter((j) => j !== job.id);
  const fee = lock(job.id);
  const refunded = pay(paid, fee, free(job.requester), held(paid.money, fee));
  const released = job.entries.reduce((s, { executor }) => {
    const key = lock(bondKey(executor, job.id));
    return pay(s, key, stake(executor), held(s.money, key));
  }, refunded);
  return { ...withJob(released, ended), openJobs };
}

/** The fee in equal parts to those who stand; what does not divide stays the requester's. */
function payExecutors(state: LedgerState, job: Job): LedgerState {
  const standing = standingEntries(job);
  const share = Math.floor(job.fee / standing.length);
  const paid = standing.reduce(
    (s, { executor }) => pay(s, lock(job.id), free(executor), share),
    state,
  );
  return withJob(paid, { ...job, paid: true });
}
