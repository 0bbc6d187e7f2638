import { elementCount } from "../dtype.js";
import { o, type View } from "../program/builder.js";
import type { LoweringContext, OperatorDefinition } from "./definition.js";
import {
  inputOperand,
  intAttribute,
  registerOf,
  requireDType,
  StageList,
  unsupported,
} from "./shared/context.js";
import { FLOATS } from "./shared/elementwise.js";
import { scalarValue } from "./shared/known-value.js";

/**
 * Dropout in inference: the first output is the input, the second a mask of ones, before version 12,
 * which leaves it open, of zeros (bool from version 10, the input's dtype before).
 *
 * The ratio is not looked at, except that training with ratio 0 equals inference.
 * Dtypes: f32, f16, bf16, f64.
 * Errors: `operator/unsupported` in training mode.
 * Source: ONNX Dropout, versions 1, 6 (both with is_test = 1), 7, 10, 12, 13, 22.
 */
export const dropout: OperatorDefinition = {
  domain: "",
  name: "Dropout",
  versions: [1, 6, 7, 10, 12, 13, 22],
  steering: [1, 2],
  lower(context) {
    if (isTraining(context)) throw unsupported(context, "dropout in training mode");
    const operand = inputOperand(context, 0);
    requireDType(context, operand, FLOATS);
    const count = elementCount(operand.dims);
    const stages = new StageList();
    const output = stages.add("output", [operand], operand.dims, ([view]) => ({
      dtype: operand.dtype,
      out: [count],
      finish: (b) => b.read({ ...(view as View), dims: [count] }, [o(0)]),
    }));
    if (context.outputCount < 2) return stages.lowering([output]);
    const mask = stages.add("mask", [], operand.dims, () => ({
      dtype: context.version < 10 ? operand.dtype : "bool",
      out: [count],
      finish: (b) => {
        const type = context.version < 10 ? registerOf(operand.dtype) : "i32";
        return b.of(type, context.version < 12 ? 0 : 1);
      },
    }));
    return stages.lowering([output, mask]);
  },
};

/** A mode or ratio that is only known at run time could be any. */
function isTraining(context: LoweringContext): boolean {
  if (context.version < 7) return intAttribute(context, "is_test", 0) === 0;
  if (!context.inputs[2]) return false;
  const isZero = (index: number): boolean =>
    context.values[index] !== undefined && Number(scalarValue(context, index)) === 0;
  return !isZero(2) && !isZero(1);
}
