import { type Move, moveBytes, type Side } from "../../dispute/moves.js";
import { startDispute } from "../../dispute/start.js";
import type { DisputeState } from "../../dispute/state.js";
import { transition } from "../../dispute/transition.js";
import { fromHex } from "../../receipt/hex.js";
import { parseReceiptBytes } from "../../receipt/receipt.js";
import { depthOf } from "../depth.js";
import { free, held, lock } from "../money.js";
import { Refused } from "../refusals.js";
import type { Id, Job, JobDispute, LedgerState } from "../state.js";
import { type Context, entryOf, jobOf, pay, rulesOfJob, withDispute, withJob } from "../step.js";

/** Disputes of a job: matches of its contest, and challenges from outside. */

interface Opening {
  readonly kind: JobDispute["kind"];
  readonly round: number;
  readonly asserter: Id;
  readonly challenger: Id;
  /** 32 bytes that no other dispute of the receipt has. */
  readonly nonce: Uint8Array;
}

export function openDispute(
  context: Context,
  state: LedgerState,
  job: Job,
  { kind, round, asserter, challenger, nonce }: Opening,
): { readonly state: LedgerState; readonly id: Id } {
  const claim = entryOf(job, asserter)?.claim;
  if (!claim) throw new RangeError("only a revealed claim is disputed");
  const receipt = parseReceiptBytes(fromHex(claim.receipt));
  const rules = rulesOfJob(context, state, job);
  const started = startDispute(rules, { receipt, nonce, now: context.now });
  // The claim was compared with the same rules when it was revealed.
  if ("refusal" in started) throw new RangeError(started.refusal.message);
  const { id } = started.state;
  const parties = { kind, round, asserter, challenger, opened: context.now };
  const earned = { asserter: 0, challenger: 0 };
  const dispute: JobDispute = {
    id,
    job: job.id,
    ...parties,
    state: started.state,
    earned,
    result: null,
  };
  const { contest } = job;
  const disputed: Job = {
    ...job,
    contest: kind === "match" ? { ...contest, open: [...contest.open, id] } : contest,
    disputes: [...job.disputes, id],
  };
  const listed: LedgerState = {
    ...withJob(withDispute(state, dispute), disputed),
    openDisputes: [...state.openDisputes, id],
  };
  return { id, state: kind === "match" ? listed : raiseBond(listed, dispute, started.state) };
}

/** What a challenger has at stake rises with what its moves make the other side show. */
function raiseBond(state: LedgerState, { id, challenger }: JobDispute, at: DisputeState) {
  const { challenger: bonds } = state.parameters.bonds;
  const due = bonds[depthOf(at.phase)] ?? bonds.at(-1) ?? 0;
  const more = Math.max(0, due - held(state.money, lock(id)));
  return pay(state, free(challenger), lock(id), more);
}

/** One move of one side. Refuses as `move-refused` what the referee refuses. */
export function advance(
  context: Context,
  state: LedgerState,
  dispute: JobDispute,
  side: Side,
  said: unknown,
): LedgerState {
  const rules = rulesOfJob(context, state, jobOf(state, dispute.job));
  const result = transition(rules, dispute.state, said, context.now);
  if ("refusal" in result) {
    throw new Refused("move-refused", result.refusal.message, result.refusal.code);
  }
  const { fees } = state.parameters;
  const kibibytes = Math.ceil(moveBytes(said as Move) / 1024);
  const worth = fees.move + fees.kibibyte * kibibytes;
  const earned = { ...dispute.earned, [side]: dispute.earned[side] + worth };
  const moved = withDispute(state, { ...dispute, state: result.state, earned });
  const raises = dispute.kind === "challenge" && side === "challenger";
  return raises ? raiseBond(moved, dispute, result.state) : moved;
}

/** The side to move has let its time run out. */
export function timeOut(context: Context, state: LedgerState, dispute: JobDispute): LedgerState {
  const { id, sequence } = dispute.state;
  const said = { dispute: id, sequence, sender: "anyone", kind: "timeout" } as const;
  const rules = rulesOfJob(context, state, jobOf(state, dispute.job));
  const result = transition(rules, dispute.state, said, context.now);
  if ("refusal" in result) throw new RangeError(result.refusal.message);
  return withDispute(state, { ...dispute, state: result.state });
}
