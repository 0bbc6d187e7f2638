import { ATTENTION_CASES } from "./attention.js";
import { CONTRACTION_CASES } from "./contractions.js";
import { INDEX_CASES } from "./index-operators.js";
import { MAP_CASES } from "./maps.js";
import { NORM_CASES } from "./norms.js";
import { POOL_CASES } from "./pools.js";
import { QUANTISED_CASES } from "./quantised.js";
import { REDUCTION_CASES } from "./reductions.js";
import type { DefinitionCase } from "./types.js";

/** What every backend must compute with the interpreter's bits. */
export const DEFINITION_CASES: readonly DefinitionCase[] = [
  ...ATTENTION_CASES,
  ...CONTRACTION_CASES,
  ...INDEX_CASES,
  ...MAP_CASES,
  ...NORM_CASES,
  ...POOL_CASES,
  ...QUANTISED_CASES,
  ...REDUCTION_CASES,
];
