import type { BodyBuilder, Register } from "../program/builder.js";
import { floatAttribute } from "./context.js";
import { FLOATS, FUNCTION_FLOATS, unary } from "./elementwise.js";

/**
 * Sigmoid: y = 1 ÷ (1 + exp(−x)) (rule 7).
 * HardSigmoid: y = max(0, min(1, alpha · x + beta)), alpha = 0.2, beta = 0.5, both rounded to f32.
 *
 * Dtypes: f32, f16, bf16; HardSigmoid also f64.
 * Source: ONNX Sigmoid, versions 6, 13; HardSigmoid, versions 6, 22.
 */
export const sigmoid = unary({
  name: "Sigmoid",
  versions: [6, 13],
  dtypes: FUNCTION_FLOATS,
  element: sigmoidOf,
});

export const hardSigmoid = unary({
  name: "HardSigmoid",
  versions: [6, 22],
  dtypes: FLOATS,
  element(b, x, _, context) {
    const alpha = b.of(x.type, Math.fround(floatAttribute(context, "alpha", 0.2)));
    const beta = b.of(x.type, Math.fround(floatAttribute(context, "beta", 0.5)));
    const line = b.add(b.mul(alpha, x), beta);
    return b.max(b.of(x.type, 0), b.min(b.of(x.type, 1), line));
  },
});

/** The composition of rule 7, for every definition that uses a sigmoid. */
export function sigmoidOf(b: BodyBuilder, x: Register): Register {
  const one = b.f32(1);
  return b.div(one, b.add(one, b.op("f32.exp", b.op("f32.neg", x))));
}
