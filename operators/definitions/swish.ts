import type { BodyBuilder, Register } from "../program/builder.js";
import { floatAttribute, invalid } from "./shared/context.js";
import { binary, FUNCTION_FLOATS, unary } from "./shared/elementwise.js";
import { sigmoidOf } from "./sigmoid.js";

/**
 * Swish, QuickGelu: y = x · sigmoid(alpha · x), alpha rounded to f32; Silu is Swish with alpha 1,
 * for which the product alpha · x is exact, so that it is x · sigmoid(x) (rule 7).
 * SwiGLU: y = fl(swish(a) · b) of a gate a and a value b of equal dims.
 *
 * Dtypes: f32, f16, bf16.
 * Errors: `operator/invalid` where the dims of gate and value differ.
 * Source: ONNX Swish, version 24; SwiGLU, version 28; com.microsoft QuickGelu, version 1 (alpha 1.702).
 */
export const swish = unary({
  name: "Swish",
  versions: [24],
  dtypes: FUNCTION_FLOATS,
  element: (b, x, _, context) => swishOf(b, x, floatAttribute(context, "alpha", 1)),
});

export const swiglu = binary({
  name: "SwiGLU",
  versions: [28],
  dtypes: FUNCTION_FLOATS,
  element(b, gate, value, _, context) {
    const [a, v] = context.inputs;
    if (a?.dims.join() !== v?.dims.join()) {
      throw invalid(context, `gate [${a?.dims}] and value [${v?.dims}] differ`);
    }
    return b.mul(swishOf(b, gate, floatAttribute(context, "alpha", 1)), value);
  },
});

export const quickGelu = unary({
  domain: "com.microsoft",
  name: "QuickGelu",
  versions: [1],
  dtypes: FUNCTION_FLOATS,
  element: (b, x, _, context) => swishOf(b, x, floatAttribute(context, "alpha", 1.702)),
});

function swishOf(b: BodyBuilder, x: Register, alpha: number): Register {
  return b.mul(x, sigmoidOf(b, b.mul(b.f32(alpha), x)));
}
