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
 * Contractions just large enough to be cut into chunks for several threads (2^18 multiply-adds),
 * which the cases of the definitions are not: by rows, by columns, read in place, by loop position,
 * and a convolution. Odd sizes, so that chunks end in edges.
 */
export const WIDE_CASES: readonly DefinitionCase[] = [
  matmul([83, 67], [67, 61]),
  matmul([17, 65], [65, 259]),
  matmul([1, 517], [517, 515]),
  matmul([2, 61, 66], [2, 66, 71]),
  {
    operator: "Conv",
    domain: "",
    version: 11,
    attributes: { pads: ints(1, 1, 1, 1) },
    inputs: [f32(1, 5, 29, 31), f32(7, 5, 3, 3), f32(7)],
  },
];
