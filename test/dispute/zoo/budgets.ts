import type { Budget } from "../../../src/dispute/budget.js";

/** Nothing is recomputed whole, and folds are cut small: the toys go all the way inside. */
export const TINY_BUDGET: Budget = {
  whole: { bytes: -1, steps: -1 },
  stretch: { steps: 4, weight: 4096 },
  spans: 3,
};
