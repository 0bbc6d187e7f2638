import { elementCount } from "../dtype.js";
import { LIMITS } from "../program/types.js";
import type { LoweringContext, UniformTensor } from "./definition.js";
import { invalid, steeringInts } from "./shared/context.js";
import { folded } from "./shared/folded.js";

/**
 * ConstantOfShape: a tensor of the dims that the input gives, every element the one of the
 * attribute `value` (a tensor of one element; f32 0 unless given).
 *
 * A constant of the bound graph, uniform, so that it need not be materialised.
 * Dtypes: shape i64; value any.
 * Errors: `operator/invalid` for negative dims, too many elements, or a value of several elements.
 * Source: ONNX ConstantOfShape, versions 9, 20, 21, 23, 24, 25.
 */
export const constantOfShape = folded({
  name: "ConstantOfShape",
  versions: [9, 20, 21, 23, 24, 25],
  steering: [0],
  value(context) {
    const dims = steeringInts(context, 0);
    if (!dims) throw invalid(context, "the shape is missing");
    if (dims.some((d) => d < 0) || elementCount(dims) >= LIMITS.extent) {
      throw invalid(context, `[${dims}] is not a shape`);
    }
    return { ...elementOf(context), dims };
  },
});

function elementOf(context: LoweringContext): Pick<UniformTensor, "dtype" | "element"> {
  const value = context.attributes.get("value");
  if (!value) return { dtype: "f32", element: new Uint8Array(4) };
  if (value.kind !== "tensor" || elementCount(value.value.dims) !== 1) {
    throw invalid(context, "value is not a tensor of one element");
  }
  return { dtype: value.value.dtype, element: value.value.bytes.slice() };
}
