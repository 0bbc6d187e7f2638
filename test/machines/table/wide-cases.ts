import type { DefinitionCase } from "../../definitions/cases/types.js";
import { ints } from "../../support/run-definition.js";

const f32 = (...dims: number[]) => ({ dtype: "f32" as const, dims });
const matmul = (a: number[], b: number[]): DefinitionCase => ({
  operator: "MatMul",
  domain: "",
  version: 13,
  attributes: {},
  inputs: [f32(...a), f32(...b)],
});

/**
 * Contractions that are large enough to be cut into chunks for several threads, which the cases of
 * the definitions are not: by rows, by columns, in place (a row times columns that lie one behind
 * the other), with a lower triangle of loops, and a convolution. Odd sizes: chunks end in edges.
 */
export const WIDE_CASES: readonly DefinitionCase[] = [
  matmul([131, 67], [67, 97]),
  matmul([37, 65], [65, 259]),
  matmul([2, 517], [517, 515]),
  matmul([3, 61, 66], [3, 66, 71]),
  {
    operator: "Conv",
    domain: "",
    version: 11,
    attributes: { pads: ints(1, 1, 1, 1) },
    inputs: [f32(1, 9, 29, 31), f32(11, 9, 3, 3), f32(11)],
  },
];
