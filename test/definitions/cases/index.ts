import { ATTENTION_CASES } from "./attention.js";
import { CONTRACTION_CASES } from "./contractions.js";
import { EINSUM_CASES } from "./einsums.js";
import { INDEX_CASES } from "./index-operators.js";
import { MAP_CASES } from "./maps.js";
import { NORM_CASES } from "./norms.js";
import { POOL_CASES } from "./pools.js";
import { POWER_NORM_CASES } from "./power-norms.js";
import { QUANTISED_CASES } from "./quantised.js";
import { RECURRENT_CASES } from "./recurrent.js";
import { REDUCTION_CASES } from "./reductions.js";
import { RESIZE_CASES } from "./resizing.js";
import { SCATTER_CASES } from "./scatters.js";
import { SELECTION_CASES } from "./selections.js";
import { TRANSFORMER_CASES } from "./transformer-operators.js";
import { TRANSPOSED_CONVOLUTION_CASES } from "./transposed-convolutions.js";
import type { DefinitionCase } from "./types.js";

/** What every backend must compute with the interpreter's bits. */
export const DEFINITION_CASES: readonly DefinitionCase[] = [
  ...ATTENTION_CASES,
  ...CONTRACTION_CASES,
  ...INDEX_CASES,
  ...MAP_CASES,
  ...NORM_CASES,
  ...POOL_CASES,
  ...RECURRENT_CASES,
  ...POWER_NORM_CASES,
  ...QUANTISED_CASES,
  ...REDUCTION_CASES,
  ...RESIZE_CASES,
  ...TRANSPOSED_CONVOLUTION_CASES,
  ...EINSUM_CASES,
  ...SCATTER_CASES,
  ...SELECTION_CASES,
  ...TRANSFORMER_CASES,
];
