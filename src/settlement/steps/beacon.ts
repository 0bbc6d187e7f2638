import { concat } from "../../merkle/hash.js";
import { bigBelow, seededDigests } from "../../merkle/random.js";
import { DIGEST_TAGS, taggedDigest } from "../../merkle/tags.js";
import { fromHex, toHex } from "../../receipt/hex.js";
import { draw } from "../draw.js";
import type { EventBody } from "../events.js";
import { lock, stake } from "../money.js";
import { Pool } from "../pool.js";
import { insist } from "../refusals.js";
import type { Entry, Id, Job, LedgerState } from "../state.js";
import { bondKey, type Context, jobOf, pay, withJob } from "../step.js";
import { allSealed, inPhase } from "./phases.js";

/**
 * The next link, and all draws that waited for it. A link is fixed since the ledger was founded and
 * known to nobody but its keeper: not when a job is posted, nor when an executor seals its receipt.
 */
export function beacon(
  context: Context,
  state: LedgerState,
  { link }: EventBody<"beacon">,
): LedgerState {
  const leads = toHex(context.book.hasher.hash(fromHex(link))) === state.beacon.link;
  insist(leads, "wrong-beacon");
  const shown = { ...state, beacon: { link, count: state.beacon.count + 1 } };
  const pool = new Pool();
  return shown.openJobs.reduce((s, id) => drawFor(context, pool, s, jobOf(s, id)), shown);
}

/** Whether the next link would bring an open job on: links are not spent on jobs that nobody can run. */
export function awaitsBeacon(state: LedgerState): boolean {
  const pool = new Pool();
  return state.openJobs.some((id) => {
    const job = jobOf(state, id);
    if (job.phase.name === "calling" && !job.audited) return true;
    return isWaiting(job) && pool.candidates(state, job).length >= due(state, job);
  });
}

function isWaiting({ phase }: Job): boolean {
  return phase.name === "drawing" || phase.name === "calling";
}

/** How many must be there for a draw; where there are fewer, the job waits for a later link. */
function due(state: LedgerState, job: Job): number {
  const { auditors } = state.parameters.audit;
  return job.phase.name === "drawing" ? Pool.seats(job, state) : auditors;
}

/** A link that comes after the deadline comes too late, whether or not anybody has noticed. */
function drawFor(context: Context, pool: Pool, state: LedgerState, job: Job): LedgerState {
  const { phase } = job;
  if (phase.name === "drawing" && context.now <= phase.until) {
    return drawSeats(context, pool, state, job, job.size);
  }
  if (phase.name === "calling" && context.now <= phase.until) {
    return callAuditors(context, pool, state, job);
  }
  return state;
}

/** H(3f ‖ 01 ‖ link ‖ job ‖ what for): 0 executors, 1 whether to audit, 2 auditors. */
function seedFor({ book }: Context, state: LedgerState, job: Job, purpose: number): Uint8Array {
  const body = concat(fromHex(state.beacon.link), fromHex(job.id), Uint8Array.of(purpose));
  return taggedDigest(book.hasher, DIGEST_TAGS.draw, body);
}

/** The executor has sealed its receipt, so it can no longer depend on whether it is audited. */
function callAuditors(context: Context, pool: Pool, state: LedgerState, job: Job): LedgerState {
  const { perMille, auditors } = state.parameters.audit;
  const word = bigBelow(seededDigests(context.book.hasher, seedFor(context, state, job, 1)), 1000n);
  // Who was called once stays called: else emptying the pool would be a way around the audit.
  const audited = job.audited === true || Number(word) < perMille;
  const called = withJob(state, { ...job, audited });
  if (!audited) return allSealed(context, called, jobOf(called, job.id));
  return drawSeats(context, pool, called, jobOf(called, job.id), auditors);
}

/** Draws executors, or auditors where the executors have sealed; nobody where there are too few. */
function drawSeats(
  context: Context,
  pool: Pool,
  state: LedgerState,
  job: Job,
  count: number,
): LedgerState {
  const from = pool.candidates(state, job);
  if (from.length < due(state, job)) return state;
  const auditor = job.phase.name === "calling";
  const seed = seedFor(context, state, job, auditor ? 2 : 0);
  const drawn = draw(context.book.hasher, seed, from, count);
  return assign(context, state, job, drawn, auditor);
}

function assign(
  context: Context,
  state: LedgerState,
  job: Job,
  drawn: readonly Id[],
  auditor: boolean,
): LedgerState {
  const bond = state.parameters.bonds.executor;
  const bonded = drawn.reduce((s, a) => pay(s, stake(a), lock(bondKey(a, job.id)), bond), state);
  const entries = drawn.map((executor): Entry => {
    return { executor, auditor, standing: "drawn", sealed: null, claim: null, wins: 0 };
  });
  const assigned: Job = { ...job, entries: [...job.entries, ...entries] };
  const until = context.now + job.commitWithin;
  return inPhase(bonded, assigned, { name: "committing", until });
}
