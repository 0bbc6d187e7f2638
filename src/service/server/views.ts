import { deadline } from "../../dispute/clock.js";
import { expectedMoves, moverOf } from "../../dispute/transition.js";
import { free, held, lock, stake } from "../../settlement/money.js";
import type {
  DisputeResult,
  Id,
  Job,
  JobDispute,
  LedgerState,
  RegisteredModel,
} from "../../settlement/state.js";
import { bondKey, entryOf } from "../../settlement/step.js";

/** What a ledger's state looks like to whoever does not replay it. Forms: schemas.ts. */

export function jobView(job: Job): object {
  const { size, contest, entries, inputs, ...rest } = job;
  return {
    ...rest,
    executors: size,
    inputs: inputs.map(({ value: _, ...input }) => input),
    round: contest.round,
    entries,
  };
}

export function jobLine({ id, model, requester, mode, fee, phase }: Job): object {
  return { id, model, requester, mode, fee, phase };
}

export function disputeView(dispute: JobDispute): object {
  const { id, job, kind, round, asserter, challenger, opened, state, earned, result } = dispute;
  const side = moverOf(state);
  const until = side && deadline(state.clock, side);
  return {
    ...{ id, job, kind, round, asserter, challenger, opened, earned },
    phase: state.phase.name,
    turn: side && !result ? { side, until, moves: expectedMoves(state) } : null,
    moves: state.sequence,
    bytes: state.moveBytes,
    result: result && resultView(result),
  };
}

function resultView(result: DisputeResult): object {
  if (result.kind === "moot") return { kind: "moot", loser: null, outcome: null };
  return { kind: "decided", loser: result.loser, outcome: result.outcome.kind };
}

export function accountView(state: LedgerState, address: Id, most: number): object {
  const { money, sequences } = state;
  return {
    address,
    free: held(money, free(address)),
    stake: held(money, stake(address)),
    sequence: sequences.get(address) ?? 0,
    locks: locksOf(state, address).slice(0, most),
  };
}

interface LockView {
  readonly as: "executor" | "challenger" | "requester";
  readonly id: Id;
  readonly amount: number;
}

function locksOf(state: LedgerState, address: Id): LockView[] {
  const { money } = state;
  const jobs = state.openJobs.flatMap((id): LockView[] => {
    const job = state.jobs.get(id) as Job;
    const fee = job.requester === address ? held(money, lock(id)) : 0;
    const bond = entryOf(job, address) ? held(money, lock(bondKey(address, id))) : 0;
    return [
      { as: "requester", id, amount: fee },
      { as: "executor", id, amount: bond },
    ];
  });
  const disputes = state.openDisputes.flatMap((id): LockView[] => {
    if (state.disputes.get(id)?.challenger !== address) return [];
    return [{ as: "challenger", id, amount: held(money, lock(id)) }];
  });
  return [...jobs, ...disputes].filter((l) => l.amount > 0);
}

export function modelLine({ id, registrant, offers }: RegisteredModel): object {
  return { id, registrant, offers: offers.length };
}

export function modelView(model: RegisteredModel, most: number): object {
  const { id, registrant, skeleton, commitments, offers } = model;
  return {
    id,
    registrant,
    skeletonBytes: skeleton.length,
    commitments: commitments.length,
    offerCount: offers.length,
    offers: offers.slice(0, most),
  };
}
