import { type Cost, REFEREE_BUDGET } from "../graph/cost.js";

/**
 * What a referee does at once. Part of the rules of a dispute and no party's choice: together with the
 * plan it decides where an operator is opened and how a fold is cut.
 */
export interface Budget {
  /** An operator within it is recomputed whole. */
  readonly whole: Cost;
  /** Most steps of a fold in one stretch, and most weighted micro-ops. */
  readonly stretch: { readonly steps: number; readonly weight: number };
  /** Most spans of one posting. */
  readonly spans: number;
}

export const DEFAULT_BUDGET: Budget = {
  whole: REFEREE_BUDGET,
  stretch: { steps: 64, weight: REFEREE_BUDGET.steps },
  spans: 256,
};
