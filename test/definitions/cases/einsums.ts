import type { DType } from "../../../operators/index.js";
import { text } from "../../support/run-definition.js";
import type { DefinitionCase } from "./types.js";

/** Einsum: matrix products in every layout, sums, diagonals, ellipses, more operands. */

const EQUATIONS: readonly (readonly [string, ...(readonly number[])[]])[] = [
  ["ij,jk->ik", [5, 7], [7, 9]],
  ["bij,bjk", [2, 3, 17], [2, 17, 4]],
  ["ij,kj->ki", [6, 33], [18, 33]],
  ["bqhd,bkhd->bhqk", [2, 3, 2, 8], [2, 5, 2, 8]],
  ["bhqk,bkhd->bqhd", [2, 2, 3, 5], [2, 5, 2, 8]],
  ["ibh,hnd->ibnd", [3, 2, 4], [4, 2, 5]],
  ["...ij,...jk->...ik", [4, 1, 2, 3], [5, 3, 6]],
  ["i,j->ij", [5], [19]],
  ["i,i", [37], [37]],
  ["ij->ji", [4, 18]],
  ["ij->j", [5, 33]],
  ["ii->i", [7, 7]],
  ["...ii->...i", [3, 5, 5]],
  ["ii", [6, 6]],
  ["ij,j,k->ik", [3, 5], [5], [4]],
  ["ij,jk,kl->il", [2, 3], [3, 4], [4, 5]],
  ["ij,ij->", [1, 1], [1, 1]],
  ["ab,bc->ac", [3, 0], [0, 4]],
  [",ij->ij", [], [3, 5]],
  ["a...b,b...->a...", [2, 3, 4], [4, 3]],
  ["B a,a c->B c", [3, 4], [4, 17]],
];

const DTYPES: readonly DType[] = ["f32", "f16", "bf16", "f64", "i32", "u64", "i8"];

export const EINSUM_CASES: readonly DefinitionCase[] = EQUATIONS.flatMap(([equation, ...shapes]) =>
  DTYPES.map((dtype) => ({
    operator: "Einsum",
    domain: "",
    version: 12,
    attributes: { equation: text(equation) },
    inputs: shapes.map((dims) => ({ dtype, dims })),
    note: equation,
  })),
);
