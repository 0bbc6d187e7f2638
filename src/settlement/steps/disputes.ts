import type { Outcome } from "../../dispute/evidence.js";
import { type Move, moveBytes, type Side } from "../../dispute/moves.js";
import { startDispute } from "../../dispute/start.js";
import type { DisputeState } from "../../dispute/state.js";
import { transition } from "../../dispute/transition.js";
import { fromHex } from "../../receipt/hex.js";
import { parseReceiptBytes } from "../../receipt/receipt.js";
import { depthOf } from "../depth.js";
import { type Message, messageDigest, messageText } from "../messages.js";
import { free, held, lock } from "../money.js";
import { insist, Refused } from "../refusals.js";
import type { Id, Job, JobDispute, LedgerState } from "../state.js";
import { type Context, entryOf, jobOf, pay, rulesOfJob, withDispute, withJob } from "../step.js";
import { moveFromJson } from "../wire.js";
import { decide } from "./verdicts.js";

/** Disputes of a job: matches of its contest, and challenges from outside. */

interface Opening {
  readonly kind: JobDispute["kind"];
  readonly round: number;
  readonly asserter: Id;
  readonly challenger: Id;
  /** 32 bytes that no other dispute of the receipt has. */
  readonly nonce: Uint8Array;
}

/** Anyone with a bond may say that a claim is wrong, any number at once, until the window closes. */
export function challenge(
  context: Context,
  state: LedgerState,
  m: Message<"challenge">,
): LedgerState {
  const job = jobOf(state, m.job);
  insist(job.phase.name === "challengeable", "wrong-phase", `it is ${job.phase.name}`);
  insist(context.now <= job.phase.until, "late", `until ${job.phase.until}`);
  insist(m.executor !== m.sender, "own-claim");
  insist(entryOf(job, m.executor)?.standing === "standing", "unknown-claim");
  const twice = openOf(state, job.id).some(
    (d) => d.kind === "challenge" && d.challenger === m.sender && d.asserter === m.executor,
  );
  insist(!twice, "already-challenging");
  return openDispute(context, state, job, {
    kind: "challenge",
    round: 0,
    asserter: m.executor,
    challenger: m.sender,
    nonce: messageDigest(context.book.hasher, messageText(m)),
  });
}

export function openOf(state: LedgerState, job: Id): JobDispute[] {
  return state.openDisputes
    .map((id) => state.disputes.get(id) as JobDispute)
    .filter((d) => d.job === job);
}

export function openDispute(
  context: Context,
  state: LedgerState,
  job: Job,
  { kind, round, asserter, challenger, nonce }: Opening,
): LedgerState {
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
  const opened = withDispute(state, dispute);
  const contest = { round: job.contest.round, open: [...job.contest.open, id] };
  const listed: LedgerState = {
    ...(kind === "match" ? withJob(opened, { ...job, contest }) : opened),
    openDisputes: [...state.openDisputes, id],
  };
  const bonded = kind === "match" ? listed : raiseBond(listed, dispute, started.state);
  return decideIfEnded(context, bonded, id, started.state);
}

/** What a challenger has at stake rises with what its moves make the other side show. */
function raiseBond(state: LedgerState, { id, challenger }: JobDispute, at: DisputeState) {
  const { challenger: bonds } = state.parameters.bonds;
  const due = bonds[depthOf(at.phase)] ?? bonds.at(-1) ?? 0;
  const more = Math.max(0, due - held(state.money, lock(id)));
  return pay(state, free(challenger), lock(id), more);
}

/** The next move of a dispute, by one of its two parties. */
export function move(context: Context, state: LedgerState, m: Message<"move">): LedgerState {
  const dispute = state.disputes.get(m.dispute);
  if (!dispute || dispute.result) throw new Refused("unknown-dispute", m.dispute);
  const side = sideOf(dispute, m.sender);
  const said = moveFromJson(m.move);
  const { sender } = said as { sender?: unknown };
  insist(sender === side, "wrong-side", `it is the ${side}'s`);
  return advance(context, state, dispute, side, said);
}

function sideOf({ asserter, challenger }: JobDispute, account: Id): Side {
  if (account === asserter) return "asserter";
  insist(account === challenger, "not-a-party");
  return "challenger";
}

function advance(
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
  const bonded = raises ? raiseBond(moved, dispute, result.state) : moved;
  return decideIfEnded(context, bonded, dispute.id, result.state);
}

/** The side to move has let its time run out. */
export function timeOut(context: Context, state: LedgerState, dispute: JobDispute): LedgerState {
  const { id, sequence } = dispute.state;
  const said = { dispute: id, sequence, sender: "anyone", kind: "timeout" } as const;
  const rules = rulesOfJob(context, state, jobOf(state, dispute.job));
  const result = transition(rules, dispute.state, said, context.now);
  if ("refusal" in result) throw new RangeError(result.refusal.message);
  const moved = withDispute(state, { ...dispute, state: result.state });
  return decideIfEnded(context, moved, dispute.id, result.state);
}

function decideIfEnded(
  context: Context,
  state: LedgerState,
  id: Id,
  { phase }: DisputeState,
): LedgerState {
  if (phase.name !== "ended") return state;
  return decide(context, state, id, loserOf(phase.outcome), phase.outcome);
}

/** Who claims or challenges and does not carry it through has lost that, and nothing else. */
function loserOf(outcome: Outcome): Side {
  if (outcome.kind === "refuted") return "asserter";
  return outcome.kind === "defaulted" ? outcome.side : "challenger";
}
