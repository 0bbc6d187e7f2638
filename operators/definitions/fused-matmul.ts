import type { LoweringContext, OperatorDefinition } from "./definition.js";
import {
  floatAttribute,
  inputOperand,
  intAttribute,
  invalid,
  type Operand,
  registerOf,
  requireDType,
  single,
} from "./shared/context.js";
import type { Seen } from "./shared/contraction.js";
import { FLOATS } from "./shared/elementwise.js";
import { matrixProduct } from "./shared/matrix-product.js";
import { multiplyAdd } from "./shared/multiply-add.js";
import { Reads } from "./shared/reads.js";

/**
 * FusedMatMul: fl(alpha · C), C[…,m,n] = fold over k of multiply-add of A[…,m,k] and B[…,k,n] (rule 9).
 * With transA, transB the last two axes of an operand are swapped; with transBatchA, transBatchB its
 * first axis is the row and those between are the batch. Of vectors these attributes mean nothing.
 * Inputs f32/f16/bf16/f64 of rank ≥ 1; a rank-1 operand is a row or column whose axis is dropped.
 * Source: com.microsoft FusedMatMul, version 1.
 */
export const fusedMatMul: OperatorDefinition = {
  domain: "com.microsoft",
  name: "FusedMatMul",
  versions: [1],
  lower(context) {
    const a = inputOperand(context, 0);
    const b = inputOperand(context, 1);
    requireDType(context, a, FLOATS);
    if (a.dtype !== b.dtype) throw invalid(context, `mixes ${a.dtype} and ${b.dtype}`);
    const [axesA, axesB] = [matrixAxes(context, a, "A"), matrixAxes(context, b, "B")];
    const c = matrixProduct(context, permuted(a.dims, axesA), permuted(b.dims, axesB));
    const reads = new Reads();
    const left = reads.at(a, original(c.left, axesA));
    const right = reads.at(b, original(c.right, axesB));
    const type = registerOf(a.dtype);
    const alpha = floatAttribute(context, "alpha", 1);
    return single(context, reads.operands, c.dims, () => ({
      dtype: a.dtype,
      out: c.out,
      fold: c.fold,
      ...multiplyAdd(type, (s) => [left(s), right(s)]),
      finish: (f) => f.mul(f.of(type, alpha), f.state(0)),
    }));
  },
};

/** The operand's axes in the order batch, row, column. */
function matrixAxes(context: LoweringContext, { dims }: Operand, which: "A" | "B"): number[] {
  const axes = dims.map((_, i) => i);
  if (axes.length < 2) return axes;
  const isSet = (name: string): boolean => intAttribute(context, `${name}${which}`, 0) !== 0;
  const column = axes.length - 1;
  const [row, batch] = isSet("transBatch")
    ? [0, axes.slice(1, -1)]
    : [column - 1, axes.slice(0, -2)];
  return isSet("trans") ? [...batch, column, row] : [...batch, row, column];
}

function permuted(dims: readonly number[], axes: readonly number[]): number[] {
  return axes.map((axis) => dims[axis] as number);
}

/** What is seen with permuted axes, as the operand lies in memory. */
function original(seen: Seen, axes: readonly number[]): Seen {
  if (axes.length < 2) return seen;
  const at = axes.map((_, axis) => axes.indexOf(axis));
  return {
    dims: at.map((i) => seen.dims[i] as number),
    index: at.map((i) => seen.index[i] as (typeof seen.index)[number]),
  };
}
