import { FUNCTION_FLOATS, unary } from "./shared/elementwise.js";
import { softplusOf } from "./softplus.js";

/**
 * Mish: y = x · tanh(softplus(x)), with softplus as in rule 7: above 20 it is x.
 *
 * Dtypes: f32, f16, bf16.
 * Source: ONNX Mish, versions 18, 22.
 */
export const mish = unary({
  name: "Mish",
  versions: [18, 22],
  dtypes: FUNCTION_FLOATS,
  element: (b, x) => b.mul(x, b.op("f32.tanh", softplusOf(b, x))),
});
