import type { Rules } from "../dispute/rules.js";
import type { Place } from "./money.js";
import { transfer } from "./money.js";
import { Refused } from "./refusals.js";
import type { RuleBook } from "./rule-book.js";
import type { Entry, Id, Job, JobDispute, LedgerState, RegisteredModel } from "./state.js";

/** What a rule may use beside the state: time and derived knowledge. */
export interface Context {
  readonly book: RuleBook;
  readonly now: number;
}

export function pay(state: LedgerState, from: Place, to: Place, amount: number): LedgerState {
  return { ...state, money: transfer(state.money, from, to, amount) };
}

export function modelOf(state: LedgerState, id: Id): RegisteredModel {
  const model = state.models.get(id);
  if (!model) throw new Refused("unknown-model", id);
  return model;
}

export function jobOf(state: LedgerState, id: Id): Job {
  const job = state.jobs.get(id);
  if (!job) throw new Refused("unknown-job", id);
  return job;
}

export function rulesOfJob({ book }: Context, state: LedgerState, job: Job): Rules {
  return book.rulesOf(modelOf(state, job.model), job, state.parameters);
}

export function withJob(state: LedgerState, job: Job): LedgerState {
  return { ...state, jobs: state.jobs.with(job.id, job) };
}

export function withDispute(state: LedgerState, dispute: JobDispute): LedgerState {
  return { ...state, disputes: state.disputes.with(dispute.id, dispute) };
}

export function entryOf(job: Job, executor: Id): Entry | undefined {
  return job.entries.find((e) => e.executor === executor);
}

export function withEntry(job: Job, entry: Entry): Job {
  return {
    ...job,
    entries: job.entries.map((e) => (e.executor === entry.executor ? entry : e)),
  };
}

export function standingEntries(job: Job): Entry[] {
  return job.entries.filter((e) => e.standing === "standing");
}

/** Under which an executor's bond for a job is locked. Addresses come first: they spread evenly. */
export function bondKey(executor: Id, job: Id): string {
  return `${executor}${job.slice(2)}`;
}

/** Disputes of a job that have not ended, oldest first. */
export function openOf(state: LedgerState, job: Id): JobDispute[] {
  return jobOf(state, job).disputes.map((id) => state.disputes.get(id) as JobDispute);
}
