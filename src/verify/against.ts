import type { Machine } from "../../operators/index.js";
import { virtualClock } from "../dispute/play.js";
import { type Recompute, rulesFor } from "../dispute/rules.js";
import { type Settlement, settle } from "../dispute/settle.js";
import type { ModelDigest } from "../graph/digests.js";
import type { Plan } from "../graph/plan.js";
import type { Model } from "../graph/types.js";
import type { Hasher } from "../merkle/hash.js";
import type { Receipt } from "../receipt/receipt.js";
import { type KeptRun, RunProvider } from "./run-provider.js";

export interface AgainstRequest {
  readonly hasher: Hasher;
  readonly model: Model;
  readonly digest: ModelDigest;
  /** Derived by the referee itself. */
  readonly plan: Plan;
  readonly a: { readonly receipt: Receipt; readonly run: KeptRun };
  readonly b: { readonly receipt: Receipt; readonly run: KeptRun };
  /** The parties' machines, one each; the referee's own arithmetic is `recompute`. */
  readonly machine: () => Machine;
  readonly recompute: Recompute;
}

/** Plays both games between two kept runs of one claim; names who is at fault. */
export async function disputeRuns(request: AgainstRequest): Promise<Settlement> {
  const { model, digest, plan, hasher, machine, recompute, a, b } = request;
  const providers = [a, b].map(({ run }) => new RunProvider(run, model, digest, hasher, machine()));
  const [first, second] = providers as [RunProvider, RunProvider];
  try {
    return await settle(
      rulesFor(hasher, digest, plan, { recompute }),
      { receipt: a.receipt, provider: first },
      { receipt: b.receipt, provider: second },
      { clock: virtualClock(), shared: true },
    );
  } finally {
    await Promise.all(providers.map((p) => p.close()));
  }
}
