import type { Candidate } from "./draw.js";
import { held, stake } from "./money.js";
import type { Id, Job, LedgerState, Offer } from "./state.js";
import { modelOf } from "./step.js";

interface Seatable extends Offer {
  readonly stake: number;
}

/**
 * Who may be drawn, looked up once per model while stakes and offers stay what they are: jobs that
 * nobody takes wait in any number, and every link goes through all of them.
 */
export class Pool {
  private readonly models = new Map<Id, readonly Seatable[]>();
  private of: Pick<LedgerState, "models" | "money"> | undefined;

  /** Seats that the next link has to fill at once: a job that may be audited starts where it can be. */
  static seats({ mode, size }: Job, { parameters }: LedgerState): number {
    const { perMille, auditors } = parameters.audit;
    return mode === "sampled" && perMille > 0 ? size + auditors : size;
  }

  /** Those who offer the model on these terms, can pay the bond, and have no part in the job yet. */
  candidates(state: LedgerState, job: Job): Candidate[] {
    const share = Math.floor(job.fee / Pool.seats(job, state));
    const taken = new Set([job.requester, ...job.entries.map((e) => e.executor)]);
    return this.seatable(state, job.model)
      .filter((o) => o.steps >= job.steps && o.within <= job.commitWithin && o.fee <= share)
      .filter((o) => !taken.has(o.executor))
      .map((o) => ({ address: o.executor, stake: o.stake }));
  }

  private seatable(state: LedgerState, model: Id): readonly Seatable[] {
    if (this.of?.models !== state.models || this.of.money.stakes !== state.money.stakes) {
      this.models.clear();
      this.of = state;
    }
    const known = this.models.get(model);
    if (known) return known;
    const bond = Math.max(1, state.parameters.bonds.executor);
    const found = modelOf(state, model)
      .offers.map((o) => ({ ...o, stake: held(state.money, stake(o.executor)) }))
      .filter((o) => o.stake >= bond);
    this.models.set(model, found);
    return found;
  }
}
