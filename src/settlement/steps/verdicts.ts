import type { Outcome } from "../../dispute/evidence.js";
import type { Side } from "../../dispute/moves.js";
import { BURNED, free, held, lock, type Place } from "../money.js";
import type { Entry, Id, JobDispute, LedgerState, Standing } from "../state.js";
import { bondKey, entryOf, jobOf, openOf, pay, withDispute, withEntry, withJob } from "../step.js";

/**
 * What follows from the end of a dispute, if it has one. The loser's bond pays the winner for its
 * moves, by a fixed schedule, and the rest is burned: so nobody gains by losing to themselves.
 */
export function settle(state: LedgerState, id: Id): LedgerState {
  const dispute = state.disputes.get(id);
  if (dispute?.state.phase.name !== "ended" || dispute.result) return state;
  return decide(state, dispute, dispute.state.phase.outcome);
}

function decide(state: LedgerState, dispute: JobDispute, outcome: Outcome): LedgerState {
  const loser = loserOf(outcome);
  const closed = close(state, [dispute], { kind: "decided", loser, outcome });
  const { asserter, challenger, kind } = dispute;
  if (loser === "asserter") {
    return fall(closed, dispute, asserter, outcome.kind === "refuted" ? "refuted" : "silent");
  }
  return kind === "match"
    ? fall(closed, dispute, challenger, "failed")
    : loseChallenge(closed, dispute);
}

/** Who claims or challenges and does not carry it through has lost that. */
function loserOf(outcome: Outcome): Side {
  if (outcome.kind === "refuted") return "asserter";
  return outcome.kind === "defaulted" ? outcome.side : "challenger";
}

/** An outside challenger loses what this challenge had locked, and nothing else. */
function loseChallenge(state: LedgerState, { id, asserter, earned }: JobDispute): LedgerState {
  return burnRest(payUpTo(state, lock(id), asserter, earned.asserter), lock(id));
}

/**
 * An executor's receipt is out. Half of its bond is burned before anything else: whoever convicts
 * themselves, with any number of accounts, gets no more than the other half back. That pays the one
 * who brought it down, then everybody else who was in a dispute with it, oldest first; what is left
 * of it is burned too.
 */
function fall(
  state: LedgerState,
  deciding: JobDispute,
  executor: Id,
  becomes: Standing,
): LedgerState {
  const job = jobOf(state, deciding.job);
  const entry = entryOf(job, executor) as Entry;
  const bond = lock(bondKey(executor, job.id));
  const fallen = withJob(state, withEntry(job, { ...entry, standing: becomes }));
  const burned = pay(fallen, bond, BURNED, Math.ceil(held(state.money, bond) / 2));
  const rewarded = creditWin(reward(burned, deciding, executor, bond), deciding, executor);
  const moot = openOf(rewarded, job.id).filter(
    (d) => d.asserter === executor || (d.kind === "match" && d.challenger === executor),
  );
  const closed = close(rewarded, moot, { kind: "moot" });
  const freed = moot.reduce((s, d) => release(s, d, executor, bond), closed);
  return burnRest(freed, bond);
}

function reward(state: LedgerState, deciding: JobDispute, loser: Id, bond: Place): LedgerState {
  const { id, kind, earned, asserter, challenger } = deciding;
  const convicted = loser === asserter;
  const winner = convicted ? challenger : asserter;
  const due = convicted ? earned.challenger + state.parameters.fees.conviction : earned.asserter;
  const paid = payUpTo(state, bond, winner, due);
  if (kind === "challenge") return pay(paid, lock(id), free(winner), held(paid.money, lock(id)));
  return paid;
}

/**
 * Every fall is one win: of whoever brought it down, or, where that was somebody outside the contest,
 * of the first whom the fallen was meeting. Else accomplices could convict, one a round, those whom
 * an honest executor is about to beat, and it would never meet more of them at once.
 */
function creditWin(state: LedgerState, deciding: JobDispute, fallen: Id): LedgerState {
  const job = jobOf(state, deciding.job);
  const isMatch = ({ kind, asserter, challenger }: JobDispute): boolean =>
    kind === "match" && (asserter === fallen || challenger === fallen);
  const match = isMatch(deciding) ? deciding : openOf(state, job.id).find(isMatch);
  if (!match) return state;
  const entry = entryOf(job, match.asserter === fallen ? match.challenger : match.asserter);
  return entry ? withJob(state, withEntry(job, { ...entry, wins: entry.wins + 1 })) : state;
}

/** The other side of a dispute that nobody needs any more: paid for its moves, its bond given back. */
function release(
  state: LedgerState,
  { id, kind, asserter, challenger, earned }: JobDispute,
  fallen: Id,
  bond: Place,
): LedgerState {
  const [other, due] =
    fallen === asserter ? [challenger, earned.challenger] : [asserter, earned.asserter];
  const paid = payUpTo(state, bond, other, due);
  if (kind === "match") return paid;
  return pay(paid, lock(id), free(challenger), held(paid.money, lock(id)));
}

/** Marks disputes of one job as ended and takes them off every list. */
function close(
  state: LedgerState,
  ended: readonly JobDispute[],
  result: NonNullable<JobDispute["result"]>,
): LedgerState {
  const [first] = ended;
  if (!first) return state;
  const marked = ended.reduce((s, d) => withDispute(s, { ...d, result }), state);
  const job = jobOf(marked, first.job);
  const gone = new Set(ended.map((d) => d.id));
  const left = (ids: readonly Id[]): Id[] => ids.filter((id) => !gone.has(id));
  const contest = { ...job.contest, open: left(job.contest.open) };
  return {
    ...withJob(marked, { ...job, contest, disputes: left(job.disputes) }),
    openDisputes: left(marked.openDisputes),
  };
}

function payUpTo(state: LedgerState, from: Place, to: Id, amount: number): LedgerState {
  return pay(state, from, free(to), Math.min(amount, held(state.money, from)));
}

function burnRest(state: LedgerState, from: Place): LedgerState {
  return pay(state, from, BURNED, held(state.money, from));
}
