import type { DType } from "../dtype.js";
import { elementCount } from "../dtype.js";
import { o, type View } from "../program/builder.js";
import type { Lowering, LoweringContext, OperatorDefinition } from "./definition.js";
import { inputOperand, requireDType, single } from "./shared/context.js";
import { ANY_DTYPE } from "./shared/elementwise.js";

/**
 * Identity: the input as it is.
 *
 * Dtypes: all.
 * Source: ONNX Identity, versions 1, 13, 14, 16, 19, 21, 23, 24, 25.
 */
export const identity: OperatorDefinition = {
  domain: "",
  name: "Identity",
  versions: [1, 13, 14, 16, 19, 21, 23, 24, 25],
  lower: (context) => copyAs(context, inputOperand(context, 0).dims),
};

/** The elements of input 0 in their order, seen with `dims` (which must have as many). */
export function copyAs(
  context: LoweringContext,
  dims: readonly number[],
  dtypes: readonly DType[] = ANY_DTYPE,
): Lowering {
  const operand = inputOperand(context, 0);
  requireDType(context, operand, dtypes);
  const count = elementCount(operand.dims);
  return single(context, [{ ...operand, dims: [count] }], dims, ([view]) => ({
    dtype: operand.dtype,
    out: [count],
    finish: (b) => b.read(view as View, [o(0)]),
  }));
}
