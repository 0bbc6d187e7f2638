import { floatAttribute } from "./shared/context.js";
import { FUNCTION_FLOATS, unary } from "./shared/elementwise.js";
import { sigmoidOf } from "./sigmoid.js";

/**
 * Swish, QuickGelu: y = x · sigmoid(alpha · x), alpha rounded to f32; Silu is Swish with alpha 1,
 * for which the product alpha · x is exact, so that it is x · sigmoid(x) (rule 7).
 *
 * Dtypes: f32, f16, bf16.
 * Source: ONNX Swish, version 24; com.microsoft QuickGelu, version 1 (alpha 1.702).
 */
export const swish = unary({
  name: "Swish",
  versions: [24],
  dtypes: FUNCTION_FLOATS,
  element(b, x, _, context) {
    const alpha = b.f32(floatAttribute(context, "alpha", 1));
    return b.mul(x, sigmoidOf(b, b.mul(alpha, x)));
  },
});

export const quickGelu = unary({
  domain: "com.microsoft",
  name: "QuickGelu",
  versions: [1],
  dtypes: FUNCTION_FLOATS,
  element(b, x, _, context) {
    const alpha = b.f32(floatAttribute(context, "alpha", 1.702));
    return b.mul(x, sigmoidOf(b, b.mul(alpha, x)));
  },
});
