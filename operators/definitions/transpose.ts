import type { OperatorDefinition } from "./definition.js";
import { inputOperand, intsAttribute, invalid, requireDType } from "./shared/context.js";
import { ANY_DTYPE } from "./shared/elementwise.js";
import { transposedView } from "./shared/transposed-view.js";

/**
 * Transpose: output axis i is input axis `perm[i]`; without `perm` the axes are reversed.
 *
 * Dtypes: any.
 * Errors: `operator/invalid` where perm is not a permutation of the axes.
 * Source: ONNX Transpose, versions 1, 13, 21, 23, 24, 25.
 */
export const transpose: OperatorDefinition = {
  domain: "",
  name: "Transpose",
  versions: [1, 13, 21, 23, 24, 25],
  lower(context) {
    const operand = inputOperand(context, 0);
    requireDType(context, operand, ANY_DTYPE);
    const { dims } = operand;
    const perm = intsAttribute(context, "perm") ?? dims.map((_, i) => dims.length - 1 - i);
    if (perm.length !== dims.length || dims.some((_, i) => !perm.includes(i))) {
      throw invalid(context, `perm [${perm}] does not permute ${dims.length} axes`);
    }
    return transposedView(
      context,
      operand,
      dims,
      perm,
      perm.map((axis) => dims[axis] as number),
    );
  },
};
