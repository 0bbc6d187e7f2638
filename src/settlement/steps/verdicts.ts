import type { Outcome } from "../../dispute/evidence.js";
import type { Side } from "../../dispute/moves.js";
import { BURNED, free, held, lock, type Place } from "../money.js";
import type { Entry, Id, JobDispute, LedgerState, Standing } from "../state.js";
import { bondKey, entryOf, jobOf, openOf, pay, withDispute, withEntry, withJob } from "../step.js";

/**
 * What follows from the end of a dispute. The loser's bond pays the winner for its moves, by a fixed
 * schedule, and the rest is burned: so nobody gains by losing to themselves.
 */
export function decide(state: LedgerState, dispute: JobDispute, outcome: Outcome): LedgerState {
  const loser = loserOf(outcome);
  const closed = close(state, dispute, { kind: "decided", loser, outcome });
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
 * An executor's receipt is out. Its bond pays the one who brought it down, then everybody else who
 * was in a dispute with it, oldest first; the rest is burned.
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
  const rewarded = reward(fallen, deciding, executor, bond);
  const freed = openOf(rewarded, job.id)
    .filter((d) => d.asserter === executor || (d.kind === "match" && d.challenger === executor))
    .reduce((s, d) => releaseMoot(s, d, executor, bond), rewarded);
  return burnRest(freed, bond);
}

function reward(state: LedgerState, deciding: JobDispute, loser: Id, bond: Place): LedgerState {
  const { id, kind, earned, asserter, challenger } = deciding;
  const convicted = loser === asserter;
  const winner = convicted ? challenger : asserter;
  const due = convicted ? earned.challenger + state.parameters.fees.conviction : earned.asserter;
  const paid = payUpTo(state, bond, winner, due);
  if (kind === "challenge") return pay(paid, lock(id), free(winner), held(paid.money, lock(id)));
  const job = jobOf(paid, deciding.job);
  const entry = entryOf(job, winner);
  return entry ? withJob(paid, withEntry(job, { ...entry, wins: entry.wins + 1 })) : paid;
}

/** The other side of a dispute that nobody needs any more: paid for its moves, its bond given back. */
function releaseMoot(
  state: LedgerState,
  dispute: JobDispute,
  fallen: Id,
  bond: Place,
): LedgerState {
  const { id, kind, asserter, challenger, earned } = dispute;
  const [other, due] =
    fallen === asserter ? [challenger, earned.challenger] : [asserter, earned.asserter];
  const paid = payUpTo(close(state, dispute, { kind: "moot" }), bond, other, due);
  if (kind === "match") return paid;
  return pay(paid, lock(id), free(challenger), held(paid.money, lock(id)));
}

/** Marks a dispute as ended and takes it off every list. */
function close(
  state: LedgerState,
  dispute: JobDispute,
  result: NonNullable<JobDispute["result"]>,
): LedgerState {
  const marked = withDispute(state, { ...dispute, result });
  const job = jobOf(marked, dispute.job);
  const open = job.contest.open.filter((d) => d !== dispute.id);
  return {
    ...withJob(marked, { ...job, contest: { ...job.contest, open } }),
    openDisputes: marked.openDisputes.filter((d) => d !== dispute.id),
  };
}

function payUpTo(state: LedgerState, from: Place, to: Id, amount: number): LedgerState {
  return pay(state, from, free(to), Math.min(amount, held(state.money, from)));
}

function burnRest(state: LedgerState, from: Place): LedgerState {
  return pay(state, from, BURNED, held(state.money, from));
}
