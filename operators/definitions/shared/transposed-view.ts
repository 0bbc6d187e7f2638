import { type Index, o, type View } from "../../program/builder.js";
import type { Lowering, LoweringContext } from "../definition.js";
import { type Operand, single } from "./context.js";
import { mergeTranspose } from "./merge-axes.js";

/**
 * Lowers a transpose of `operand` seen with the dims `view`: output axis i is view axis `perm[i]`.
 * The output is stated with `dims`, of which the permuted view is a row-major factorisation.
 */
export function transposedView(
  context: LoweringContext,
  operand: Operand,
  view: readonly number[],
  perm: readonly number[],
  dims: readonly number[],
): Lowering {
  const merged = mergeTranspose(view, perm);
  const index: Index[] = merged.view.map((_, axis) => o(merged.permutation.indexOf(axis)));
  return single(context, [operand], dims, ([source]) => ({
    dtype: operand.dtype,
    out: merged.permutation.map((axis) => merged.view[axis] as number),
    finish: (b) => b.read({ ...(source as View), dims: merged.view }, index),
  }));
}
