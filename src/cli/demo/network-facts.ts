import type { Id } from "../../settlement/state.js";
import type { JobFacts } from "../job-report.js";

/** How the network's demo went. */
export interface NetworkFacts {
  readonly residents: {
    readonly executors: readonly Id[];
    readonly cheat: Id;
    readonly watcher: Id;
    readonly requester: Id;
  };
  readonly replayed: JobFacts;
  readonly optimistic: JobFacts;
  /** What the requester's process wrote: the digit that the answer says. */
  readonly answer: number;
  readonly posts: number;
  readonly money: readonly MoneyFacts[];
  readonly minted: number;
  readonly burned: number;
  readonly audit: { readonly events: number; readonly same: boolean };
  readonly exits: { readonly replayed: number | null; readonly optimistic: number | null };
  readonly ms: number;
}

/** Free and staked together, before the first job and at the end. */
export interface MoneyFacts {
  readonly name: string;
  readonly before: number;
  readonly after: number;
}

/** Whether everything ended as it should. */
export function asExpected(facts: NetworkFacts, label: number): boolean {
  const { residents, replayed, optimistic, answer, exits, audit, money, burned, minted } = facts;
  const standings = (job: JobFacts) => new Map(job.executors.map((e) => [e.executor, e.standing]));
  const [first, second] = [standings(replayed), standings(optimistic)];
  const honest = residents.executors.filter((e) => e !== residents.cheat);
  const convictedBy = (job: JobFacts, kind: "match" | "challenge") =>
    job.disputes.some(
      (d) =>
        d.kind === kind &&
        d.asserter === residents.cheat &&
        d.result?.kind === "decided" &&
        d.result.outcome.kind === "refuted",
    );
  const total = money.reduce((sum, m) => sum + m.after, 0);
  return [
    first.get(residents.cheat) === "refuted" && honest.every((e) => first.get(e) === "standing"),
    convictedBy(replayed, "match"),
    second.get(residents.cheat) === "refuted" && convictedBy(optimistic, "challenge"),
    exits.replayed === 0 && exits.optimistic === 1 && answer === label,
    audit.same && total + burned === minted,
  ].every(Boolean);
}
