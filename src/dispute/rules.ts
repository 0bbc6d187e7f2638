import type { Tensor } from "../../operators/index.js";
import { bindingDigest, type ModelDigest, planDigest, profileDigest } from "../graph/digests.js";
import type { Plan, PlanNode } from "../graph/plan.js";
import { runLowering } from "../graph/run-lowering.js";
import type { Digest, Hasher } from "../merkle/hash.js";
import { type Budget, DEFAULT_BUDGET } from "./budget.js";

/**
 * What a referee knows before the first move. It derived all of it itself, from the model and the
 * binding; nothing in here comes from a party. The same for every dispute about that model bound so.
 */
export interface Rules {
  readonly plan: Plan;
  readonly digests: ClaimDigests;
  /** Wrapped root over the commitments of `plan.weights`, in that order. */
  readonly weights: Digest;
  readonly hasher: Hasher;
  readonly clock: ClockRules;
  readonly budget: Budget;
  readonly recompute: Recompute;
}

/** What a receipt must name for these rules to apply to it. */
export interface ClaimDigests {
  readonly profile: Digest;
  readonly model: Digest;
  readonly binding: Digest;
  readonly plan: Digest;
}

/** Milliseconds. */
export interface ClockRules {
  /** What each side may use over the whole dispute. */
  readonly perSide: number;
  /** What each side has at least whenever its turn begins. */
  readonly extension: number;
}

export const DEFAULT_CLOCK: ClockRules = { perSide: 24 * 3600_000, extension: 3600_000 };

/**
 * Computes one operator from its opened inputs, one entry per input position (`undefined` where an
 * optional input is left out), and yields one tensor per output. Any backend that gives the bits of
 * the definition will do. What it throws leaves `transition` as it is: that is the referee's own
 * failure and no party's.
 */
export type Recompute = (node: PlanNode, inputs: readonly (Tensor | undefined)[]) => Tensor[];

/** The operator's element programs, run literally. */
export const interpreterRecompute: Recompute = (node, inputs) => runLowering(node.lowering, inputs);

/** The rules for a model bound to a plan, all derived here. */
export function rulesFor(
  hasher: Hasher,
  { model, weights }: Pick<ModelDigest, "model" | "weights">,
  plan: Plan,
  {
    clock = DEFAULT_CLOCK,
    budget = DEFAULT_BUDGET,
    recompute = interpreterRecompute,
  }: RuleOptions = {},
): Rules {
  const digests = {
    profile: profileDigest(hasher),
    model,
    binding: bindingDigest(hasher, plan),
    plan: planDigest(hasher, plan),
  };
  return { plan, digests, weights, hasher, clock, budget, recompute };
}

export type RuleOptions = Partial<Pick<Rules, "clock" | "budget" | "recompute">>;
