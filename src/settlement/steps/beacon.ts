import { concat } from "../../merkle/hash.js";
import { bigBelow, seededDigests } from "../../merkle/random.js";
import { DIGEST_TAGS, taggedDigest } from "../../merkle/tags.js";
import { fromHex, toHex } from "../../receipt/hex.js";
import { draw } from "../draw.js";
import type { EventBody } from "../events.js";
import { held, lock, stake } from "../money.js";
import { insist } from "../refusals.js";
import type { Entry, Id, Job, LedgerState } from "../state.js";
import { bondKey, type Context, jobOf, modelOf, pay, withJob } from "../step.js";
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
  return shown.openJobs.reduce((s, id) => drawFor(context, s, jobOf(s, id)), shown);
}

/** Whether the next link would bring an open job on: links are not spent on jobs that nobody can run. */
export function awaitsBeacon(state: LedgerState, job: Job): boolean {
  if (job.phase.name === "drawing") return candidates(state, job).length >= job.size;
  return job.phase.name === "calling";
}

function drawFor(context: Context, state: LedgerState, job: Job): LedgerState {
  if (job.phase.name === "drawing") return drawExecutors(context, state, job);
  if (job.phase.name === "calling") return callAuditors(context, state, job);
  return state;
}

/** H(3f ‖ 01 ‖ link ‖ job ‖ what for): 0 executors, 1 whether to audit, 2 auditors. */
function seedFor({ book }: Context, state: LedgerState, job: Job, purpose: number): Uint8Array {
  const body = concat(fromHex(state.beacon.link), fromHex(job.id), Uint8Array.of(purpose));
  return taggedDigest(book.hasher, DIGEST_TAGS.draw, body);
}

/** Those who offer the model, can pay the bond, and have no part in the job yet. */
function candidates(state: LedgerState, job: Job): { address: Id; stake: number }[] {
  const taken = new Set([job.requester, ...job.entries.map((e) => e.executor)]);
  return modelOf(state, job.model)
    .executors.filter((a) => !taken.has(a))
    .map((address) => ({ address, stake: held(state.money, stake(address)) }))
    .filter((c) => c.stake > 0 && c.stake >= state.parameters.bonds.executor);
}

/** Where there are too few, the job waits for a later link. */
function drawExecutors(context: Context, state: LedgerState, job: Job): LedgerState {
  const from = candidates(state, job);
  if (from.length < job.size) return state;
  const { hasher } = context.book;
  const drawn = draw(hasher, seedFor(context, state, job, 0), from, job.size);
  return assign(context, state, job, drawn, false);
}

/** The executor has sealed its receipt, so it can no longer depend on whether it is audited. */
function callAuditors(context: Context, state: LedgerState, job: Job): LedgerState {
  const { hasher } = context.book;
  const { perMille, auditors } = state.parameters.audit;
  const number = bigBelow(seededDigests(hasher, seedFor(context, state, job, 1)), 1000n);
  const called = Number(number) < perMille;
  const from = called ? candidates(state, job) : [];
  const count = Math.min(auditors, from.length);
  const decided: Job = { ...job, audited: count > 0 };
  if (count === 0) return allSealed(context, withJob(state, decided), decided);
  const drawn = draw(hasher, seedFor(context, state, job, 2), from, count);
  return assign(context, state, decided, drawn, true);
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
